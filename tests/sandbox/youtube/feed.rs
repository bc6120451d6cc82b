//! `/feeds/videos.xml`, the feed that is polled, and `/xml/feeds/videos.xml`, the topic, which holds nothing.

use jiff::{Timestamp, fmt::rfc2822};

use super::{
    answer::{Answer, answer, not_found},
    call::Call,
    library::{Channel, Upload},
    signing::digest,
    tube::Tube,
    xml::{escape, seconds},
};

/// How many videos the feed holds.
const LENGTH: usize = 15;

/// The same for every channel (`samples/16-…`).
const STUB: &[u8] = include_bytes!("samples/16-topic-stub-GET-xml-feeds.xml");

const TYPE: (&str, &str) = ("content-type", "text/xml; charset=UTF-8");

pub fn stub() -> Answer {
    answer(200, &[TYPE], STUB)
}

/// Of a channel or of a playlist; `user` is not known to anybody here.
pub fn feed(tube: &Tube, call: &Call) -> Answer {
    let Some((channel, body)) = document(tube, call) else {
        return not_found();
    };
    if !tube.settings.validators {
        return answer(200, &[TYPE], body);
    }
    let tag = format!("\"{}\"", digest(body.as_bytes()));
    let changed = Timestamp::from_second(channel.changed_ms.div_euclid(1000)).expect("a time");
    let modified = rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&changed)
        .expect("a time that HTTP can say");
    let headers = [TYPE, ("etag", &tag), ("last-modified", &modified)];
    if is_known(call, &tag, changed) {
        answer(304, &headers[1..], "")
    } else {
        answer(200, &headers, body)
    }
}

/// Whether the client has it (RFC 9110, 13.1): its tag decides if it sends one, else its time.
fn is_known(call: &Call, tag: &str, changed: Timestamp) -> bool {
    if let Some(tags) = call.header("if-none-match") {
        return tags
            .split(',')
            .map(|known| known.trim().trim_start_matches("W/"))
            .any(|known| known == tag || known == "*");
    }
    let since = call.header("if-modified-since");
    let since = since.and_then(|since| rfc2822::DateTimeParser::new().parse_timestamp(since).ok());
    since.is_some_and(|since| changed <= since)
}

fn document<'a>(tube: &'a Tube, call: &Call) -> Option<(&'a Channel, String)> {
    if let Some(id) = call.parameter("channel_id") {
        let channel = tube.library.find(id).filter(|channel| channel.id == id)?;
        let name = format!(
            "<id>yt:channel:{bare}</id>\n <yt:channelId>{bare}</yt:channelId>\n <title>{title}</title>\n \
             <link rel=\"alternate\" href=\"https://www.youtube.com/channel/{id}\"/>",
            // Of the channel itself the feed leaves out UC, of its videos it does not.
            bare = &channel.id[2..],
            title = escape(&channel.title),
        );
        let videos: Vec<&Upload> = tube.library.public(channel).take(LENGTH).collect();
        let query = format!("channel_id={id}");
        return Some((
            channel,
            rendered(tube, call, channel, (&query, &name), &videos),
        ));
    }
    let id = call.parameter("playlist_id")?;
    let (channel, mut videos) = tube.library.playlist(id, call.now_ms)?;
    videos.truncate(LENGTH);
    let name = format!(
        "<id>yt:playlist:{id}</id>\n <yt:playlistId>{id}</yt:playlistId>\n <yt:channelId>{}</yt:channelId>\n \
         <title>Videos</title>",
        channel.id
    );
    let query = format!("playlist_id={id}");
    Some((
        channel,
        rendered(tube, call, channel, (&query, &name), &videos),
    ))
}

fn rendered(
    tube: &Tube,
    call: &Call,
    channel: &Channel,
    (query, name): (&str, &str),
    videos: &[&Upload],
) -> String {
    let entries: String = videos
        .iter()
        .map(|upload| entry(tube, call.now_ms, channel, upload))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <feed xmlns:yt=\"http://www.youtube.com/xml/schemas/2015\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
         xmlns=\"http://www.w3.org/2005/Atom\">\n \
         <link rel=\"self\" href=\"http://www.youtube.com/feeds/videos.xml?{query}\"/>\n {name}\n{author} \
         <published>{created}</published>\n{entries}</feed>\n",
        author = author(channel, " "),
        created = seconds(channel.created_ms),
    )
}

/// Upcoming premieres and streams are entries like any other.
fn entry(tube: &Tube, now_ms: i64, channel: &Channel, upload: &Upload) -> String {
    let is_short = upload.is_short(now_ms) && upload.video.short_link;
    let path = if is_short { "shorts/" } else { "watch?v=" };
    format!(
        " <entry>\n\
         \x20 <id>yt:video:{id}</id>\n\
         \x20 <yt:videoId>{id}</yt:videoId>\n\
         \x20 <yt:channelId>{channel_id}</yt:channelId>\n\
         \x20 <title>{title}</title>\n\
         \x20 <link rel=\"alternate\" href=\"https://www.youtube.com/{path}{id}\"/>\n\
         {author}\
         \x20 <published>{published}</published>\n\
         \x20 <updated>{updated}</updated>\n\
         \x20 <media:group>\n\
         \x20  <media:title>{title}</media:title>\n\
         \x20  <media:content url=\"https://www.youtube.com/v/{id}?version=3\" type=\"application/x-shockwave-flash\" \
         width=\"640\" height=\"390\"/>\n\
         \x20  <media:thumbnail url=\"{pictures}/vi/{id}/hqdefault.jpg\" width=\"480\" height=\"360\"/>\n\
         \x20  <media:description>{description}</media:description>\n\
         \x20  <media:community>\n\
         \x20   <media:starRating count=\"0\" average=\"5.00\" min=\"1\" max=\"5\"/>\n\
         \x20   <media:statistics views=\"0\"/>\n\
         \x20  </media:community>\n\
         \x20 </media:group>\n\
         \x20</entry>\n",
        id = upload.id,
        channel_id = channel.id,
        title = escape(&upload.video.title),
        author = author(channel, "  "),
        published = seconds(upload.shown_published(tube.settings.odd_published)),
        updated = seconds(upload.updated_ms),
        pictures = tube.settings.thumbnail_base,
        description = escape(&upload.video.description),
    )
}

fn author(channel: &Channel, indent: &str) -> String {
    format!(
        "{indent}<author>\n{indent} <name>{}</name>\n{indent} <uri>https://www.youtube.com/channel/{}</uri>\n\
         {indent}</author>\n",
        escape(&channel.title),
        channel.id
    )
}
