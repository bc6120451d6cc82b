//! Engagement: liking, reposting and bookmarking as a connected account, and taking it back.
//!
//! What this part promises: doing something twice is doing it once, since X takes it so; nothing is kept here, X's own
//! answer is what is shown. Where X's plan does not allow it (self-serve apps may not like), the problem says so.

mod model; // what is answered
mod operations; // doing it, and taking it back
mod routes; // the HTTP of all this

pub use routes::routes;
