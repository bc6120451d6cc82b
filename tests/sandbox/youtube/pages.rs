//! Pages for people: the channels with a button to publish, and a channel's own page, which programs read too.

use super::{
    super::pages::{document_beside, each, html as escaped},
    answer::{Answer, answer, html, not_found},
    call::{Call, Route},
    library::{Channel, Upload},
    tube::Tube,
    xml::utc,
};

/// Videos of a channel on the first page.
const SHOWN: usize = 20;

pub fn home(tube: &Tube, now_ms: i64) -> Answer {
    let channels = each(tube.library.channels(), |channel| {
        section(tube, channel, now_ms)
    });
    let names = [
        "channels",
        "videos",
        "subscriptions",
        "sent",
        "requests",
        "counts",
        "outages",
        "settings",
    ];
    let links = each(names.iter(), |name| {
        format!("<li><a href=\"/_sandbox/{name}\">/_sandbox/{name}</a></li>")
    });
    let body = format!(
        "<h1>A stand-in for YouTube</h1><p>And for the hub that tells who subscribed. Connect one of these channels in \
         Godwit as a source, publish a Short here, and see what becomes of it.</p>{channels}<h2>For tests</h2>\
         <ul>{links}</ul>"
    );
    page("The sandbox's YouTube", &body)
}

/// A channel's page says its id twice, where programs look for it.
pub fn channel(tube: &Tube, call: &Call, name: &str) -> Answer {
    let by_id = matches!(call.route, Route::ChannelPage(_));
    // An id is no handle, and a handle is no id.
    let found = tube.library.find(name);
    let Some(channel) = found.filter(|channel| (channel.id == name) == by_id) else {
        return not_found();
    };
    let (id, title) = (&channel.id, escaped(&channel.title));
    html(
        200,
        format!(
            "<!DOCTYPE html><html><head><title>{title} - YouTube</title>\
             <link rel=\"canonical\" href=\"https://www.youtube.com/channel/{id}\">\
             <meta property=\"og:url\" content=\"https://www.youtube.com/channel/{id}\">\
             </head><body><meta itemprop=\"name\" content=\"{title}\">\
             <meta itemprop=\"identifier\" content=\"{id}\"><h1>{title}</h1></body></html>"
        ),
    )
}

/// What the hub shows to people.
pub fn hub() -> Answer {
    answer(
        200,
        &[
            ("content-type", "text/html; charset=utf-8"),
            ("server", "Google Frontend"),
        ],
        "<!DOCTYPE html><title>Google PubSubHubbub Hub</title><h1>Subscribe/Unsubscribe</h1>",
    )
}

fn section(tube: &Tube, channel: &Channel, now_ms: i64) -> String {
    let (id, title) = (escaped(&channel.id), escaped(&channel.title));
    let handle = escaped(&channel.handle);
    let subscribers = tube.hub.of_channel(&channel.id, now_ms).len();
    let videos: Vec<&Upload> = tube
        .library
        .uploads()
        .filter(|upload| upload.channel == channel.id && upload.deleted_ms.is_none())
        .collect();
    let list = if videos.is_empty() {
        "<p class=\"note\">Nothing published yet.</p>".into()
    } else {
        each(videos.iter().rev().take(SHOWN), |upload| article(upload))
    };
    format!(
        "<h2>{title} <small>@{handle} · {id}</small></h2>\
         <form method=\"post\" action=\"/_sandbox/publish\"><input type=\"hidden\" name=\"channel\" value=\"{id}\">\
         <p><input name=\"title\" aria-label=\"Title\" value=\"A Short from the sandbox\" required maxlength=\"100\"> \
         <button>Publish a Short now</button></p></form>\
         <p><small>Subscriptions at the hub: {subscribers}</small></p>{list}"
    )
}

fn article(upload: &Upload) -> String {
    let kind = format!("{:?}, {:?}", upload.video.kind, upload.video.privacy).to_lowercase();
    let (id, time) = (&upload.id, utc(upload.uploaded_ms));
    format!(
        "<article><b>{title}</b><br><small>{kind} · <a href=\"/watch?v={id}\">{id}</a> · \
         <time datetime=\"{time}\">{time}</time></small></article>",
        title = escaped(&upload.video.title),
    )
}

fn page(title: &str, body: &str) -> Answer {
    html(200, document_beside("YouTube", title, body))
}
