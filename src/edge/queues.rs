//! [`JobQueue`] on Queues. A message is a string: through the SDK's own encoding, maps and tagged enums come out empty
//! (<https://github.com/cloudflare/workers-rs/issues/1013>).

use crate::jobs::Job;
use crate::ports::{JobQueue, Pending, QueueError};
use worker::wasm_bindgen::JsValue;
use worker::{BatchMessageBuilder, Queue, QueueContentType, RawMessageBuilder};

/// The queue of deliveries and that of everything else.
pub struct Queues {
    publish: Queue,
    background: Queue,
}

impl Queues {
    /// The queues of two bindings.
    pub const fn new(publish: Queue, background: Queue) -> Self {
        Self {
            publish,
            background,
        }
    }
}

impl JobQueue for Queues {
    fn send(&self, jobs: Vec<(Job, u32)>) -> Pending<'_, Result<(), QueueError>> {
        Box::pin(async move {
            let (publishing, other): (Vec<_>, Vec<_>) =
                jobs.into_iter().partition(|(job, _)| job.is_publishing());
            send(&self.publish, publishing).await?;
            send(&self.background, other).await
        })
    }
}

/// At most so many go in one call (<https://developers.cloudflare.com/queues/platform/limits/>).
const BATCH_MAX: usize = 100;

async fn send(queue: &Queue, jobs: Vec<(Job, u32)>) -> Result<(), QueueError> {
    for jobs in jobs.chunks(BATCH_MAX) {
        let messages = jobs
            .iter()
            .map(|(job, delay_seconds)| {
                let text =
                    serde_json::to_string(job).map_err(|error| QueueError(error.to_string()))?;
                let message =
                    RawMessageBuilder::new(JsValue::from_str(&text)).delay_seconds(*delay_seconds);
                Ok(message.build_with_content_type(QueueContentType::Text))
            })
            .collect::<Result<Vec<_>, QueueError>>()?;
        let batch = BatchMessageBuilder::new().messages(messages).build();
        queue
            .send_raw_batch(batch)
            .await
            .map_err(|error| QueueError(error.to_string()))?;
    }
    Ok(())
}
