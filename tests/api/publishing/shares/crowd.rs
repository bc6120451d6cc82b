//! Many accounts of one app, each with its own gate, that want to make calls.

use crate::publishing::Stage;
use crate::publishing::stage::Loss;
use futures_util::task::noop_waker_ref;
use godwit::accounts::tokens::{self, Pair};
use godwit::app::App;
use godwit::gate::{Bucket, Closed, GateName, GateReply, GateRequest, Grant, Lend, LendAnswer};
use godwit::ids::{AccountId, WorkspaceId};
use godwit::ports::{GateLost, Pending};
use godwit::time::{DAY_MS, Timestamp};
use secrecy::SecretString;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The accounts, with what their gates know of nobody yet.
pub struct Crowd {
    pub stage: Stage,
    app: App,
    grants: Vec<Grant>,
}

/// What a gate said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The call may leave.
    Go,
    /// Not now; for whom it waits.
    Later(Timestamp, Closed),
    /// The answer did not come.
    Lost,
}

/// A call of a gate that is under way.
pub type Asking = Pin<Box<dyn Future<Output = Said>>>;

impl Crowd {
    pub async fn of(size: usize, app_limit: u32) -> Self {
        let limit = app_limit.to_string();
        let variables = [
            ("X_APP_POSTS_PER_DAY", &*limit),
            ("X_POST_LIMIT_15MIN", "1000000"),
        ];
        let stage = Stage::with(&variables).await;
        let app = stage.world.app();
        let workspace = WorkspaceId::parse(&stage.person.workspace_id).unwrap();
        let grant = |_| {
            let account = AccountId::new(&*app.clock, &*app.random);
            let pair = Pair {
                access: SecretString::from("token"),
                refresh: None,
                secret: None,
            };
            let keyring = &app.config.keyring;
            let sealed = tokens::seal(keyring, &*app.random, &workspace, &account, &pair).unwrap();
            Grant {
                account_id: account,
                workspace_id: workspace.clone(),
                sealed,
                generation: 1,
                expires_at: app.now().plus_ms(365 * DAY_MS),
                app: None,
            }
        };
        let grants = (0..size).map(grant).collect();
        Self { stage, app, grants }
    }

    pub fn now(&self) -> Timestamp {
        self.app.now()
    }

    /// Asks an account's gate for one post.
    pub fn begin(&self, member: usize) -> Asking {
        let request = GateRequest::Lend(Lend {
            grant: self.grants[member].clone(),
            bucket: Bucket::Post,
            calls: 1,
            refused: None,
        });
        let (app, name) = (self.app.clone(), GateName::x(&format!("9{member}")));
        Box::pin(async move { said(app.gates.call(&name, request)).await })
    }

    pub async fn ask(&self, member: usize) -> Said {
        self.begin(member).await
    }

    /// The next calls among gates are lost in this way.
    pub fn lose(&self, loss: Loss, times: usize) {
        self.stage.lose_inner_calls(loss, times);
    }
}

async fn said(answer: Pending<'_, Result<GateReply, GateLost>>) -> Said {
    match answer.await {
        Ok(GateReply::Lend(LendAnswer::Lent { .. })) => Said::Go,
        Ok(GateReply::Lend(LendAnswer::Later { at, closed, .. })) => Said::Later(at, closed),
        Ok(other) => panic!("{other:?}"),
        Err(_) => Said::Lost,
    }
}

/// One step of a call; its answer, if that is it.
pub fn step(asking: &mut Asking) -> Option<Said> {
    match asking
        .as_mut()
        .poll(&mut Context::from_waker(noop_waker_ref()))
    {
        Poll::Ready(said) => Some(said),
        Poll::Pending => None,
    }
}
