//! A video's own addresses: `/shorts/{id}`, `/watch?v=` and its picture.

use super::{
    super::pages::html as escaped,
    answer::{Answer, answer, html, not_found, redirect},
    call::Call,
    library::Upload,
    tube::Tube,
};

/// Grey, of 480 by 360 as `hqdefault.jpg` is.
const PICTURE: &[u8] = include_bytes!("samples/grey.jpg");

/// 200 for a Short, else the way to `/watch`. What nobody may see is sent there too, so that this tells nothing of it.
pub fn short(tube: &Tube, call: &Call, id: &str) -> Answer {
    let upload = tube.library.upload(id).filter(|upload| upload.is_visible());
    match upload.filter(|upload| upload.is_short(call.now_ms)) {
        Some(upload) => page(upload),
        None => redirect(303, &format!("https://www.youtube.com/watch?v={id}")),
    }
}

pub fn watch(tube: &Tube, call: &Call) -> Answer {
    let upload = call.parameter("v").and_then(|id| tube.library.upload(id));
    upload
        .filter(|upload| upload.is_visible())
        .map_or_else(not_found, page)
}

pub fn picture(tube: &Tube, id: &str) -> Answer {
    match tube.library.upload(id).filter(|upload| upload.is_visible()) {
        Some(_) => answer(200, &[("content-type", "image/jpeg")], PICTURE),
        None => not_found(),
    }
}

fn page(upload: &Upload) -> Answer {
    let title = escaped(&upload.video.title);
    html(
        200,
        format!("<!DOCTYPE html><title>{title} - YouTube</title><h1>{title}</h1>"),
    )
}
