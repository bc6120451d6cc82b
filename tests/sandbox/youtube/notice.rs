//! What the hub sends: YouTube's own small documents, byte for byte as in `samples/`.

use super::{
    library::{Channel, Upload},
    xml::{escape, exact, micros, seconds},
};

/// A video is new, or was edited. `published` is what the document says of it.
pub fn changed(channel: &Channel, upload: &Upload, published: i64) -> String {
    let Upload {
        id,
        updated_ms,
        updated_nanos,
        ..
    } = upload;
    let updated = exact(*updated_ms, *updated_nanos);
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <feed xmlns:yt=\"http://www.youtube.com/xml/schemas/2015\" xmlns=\"http://www.w3.org/2005/Atom\">\
         <link rel=\"hub\" href=\"https://pubsubhubbub.appspot.com\"/>\
         <link rel=\"self\" href=\"https://www.youtube.com/xml/feeds/videos.xml?channel_id={channel}\"/>\
         <title>YouTube video feed</title><updated>{updated}</updated><entry>\n\
         \x20 <id>yt:video:{id}</id>\n\
         \x20 <yt:videoId>{id}</yt:videoId>\n\
         \x20 <yt:channelId>{channel}</yt:channelId>\n\
         \x20 <title>{title}</title>\n\
         \x20 <link rel=\"alternate\" href=\"https://www.youtube.com/watch?v={id}\"/>\n\
         \x20 <author>\n\
         \x20  <name>{author}</name>\n\
         \x20  <uri>https://www.youtube.com/channel/{channel}</uri>\n\
         \x20 </author>\n\
         \x20 <published>{published}</published>\n\
         \x20 <updated>{updated}</updated>\n\
         \x20</entry></feed>\n",
        channel = channel.id,
        title = escape(&upload.video.title),
        author = escape(&channel.title),
        published = seconds(published),
    )
}

/// A video was deleted, or made private.
pub fn removed(channel: &Channel, upload: &Upload) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <feed xmlns:at=\"http://purl.org/atompub/tombstones/1.0\" xmlns=\"http://www.w3.org/2005/Atom\">\
         <at:deleted-entry ref=\"yt:video:{id}\" when=\"{when}\">\n\
         \x20 <link href=\"https://www.youtube.com/watch?v={id}\"/>\n\
         \x20 <at:by>\n\
         \x20  <name>{author}</name>\n\
         \x20  <uri>https://www.youtube.com/channel/{channel}</uri>\n\
         \x20 </at:by>\n\
         \x20</at:deleted-entry></feed>\n",
        id = upload.id,
        when = micros(upload.updated_ms, upload.updated_nanos),
        author = escape(&channel.title),
        channel = channel.id,
    )
}
