//! Waiting in the line until it is the request's turn.
//!
//! A watch begins "from now": one that is to tell of what happened before, if only by a moment,
//! is served by a loop of the server's that comes by ten times a second. So the line is read once
//! more, at the same time; and again if the watch turns out to have begun later than that.
//!
//! Who waits for the lock alone watches its predecessor, and the one before that. When the latter
//! goes, the line is read, while the predecessor still holds the lock; so when it goes as well,
//! its successor knows that nobody is left, and asks no more. Who waits for a share or for permits
//! watches all who go, and asks no more at all.

use std::sync::Arc;

use etcd_client::{
    EventType, GetOptions, WatchFilterType, WatchOptions, WatchResponse, WatchStream,
};

use super::connection::{Link, heard};
use super::kept::Kept;
use super::key;
use super::line::{Line, Watched};
use super::take::read_line;
use crate::Request;
use crate::engine::now;
use crate::pauses::Pauses;
use crate::store::{Grant, Renewed, StoreError, Wake};

/// What a waiter came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    ItsTurn,
    /// Its place is gone, or nothing more would be heard of it.
    Over,
}

impl Kept {
    /// Waits until the lock is the request's, or something is wrong with its place.
    pub(super) async fn wait(
        self: &Arc<Self>,
        request: &Request,
        round: u32,
    ) -> Result<Wake, StoreError> {
        let Some((claim, line, revision, waiting)) = self.claims.wait(request.id) else {
            return Pauses::COMMON.wait(round, request.ttl).await;
        };
        let watching = async {
            let link = self.connection.link().await?;
            let mut watch = Watch { link: &link, request, revision, line };
            tokio::select! {
                biased;
                () = link.broken.wait() => Ok(News::Over),
                news = watch.run() => news.inspect_err(|_| link.broken.set()),
            }
        };
        let news = tokio::select! {
            biased;
            () = claim.session.lost.wait() => return Ok(Wake::Retry),
            news = watching => news,
        };
        drop(waiting);
        match news {
            Ok(News::ItsTurn) => {}
            Ok(News::Over) => return Ok(Wake::Retry),
            Err(error) if error.is_refusal() => return Err(error),
            // The next attempt finds another server, or says what is wrong.
            Err(_) => return Ok(Wake::Retry),
        }
        // The session was kept alive meanwhile, so the key is still there.
        let since = claim.session.proven();
        let since = if since + request.ttl / 2 > now() {
            since
        } else {
            // Unless this process was stopped.
            let asked = now();
            match self.renew(request).await? {
                Renewed::Yes => asked,
                Renewed::Gone => return Ok(Wake::Retry),
            }
        };
        self.claims.renewed(request.id, since + request.ttl);
        Ok(Wake::Granted(Grant::new(super::take::fence(revision), since)))
    }
}

/// One waiter on one connection.
struct Watch<'a> {
    link: &'a Arc<Link>,
    request: &'a Request,
    /// When its own key was created.
    revision: i64,
    line: Line,
}

impl Watch<'_> {
    async fn run(&mut self) -> Result<News, StoreError> {
        let first = match self.line.watched() {
            Watched::Keys(predecessor, _) => predecessor.to_owned(),
            Watched::Everybody => String::new(),
        };
        let (key, options) = self.options(&first);
        let mut client = self.link.client.watch_client();
        let opening = async { heard(client.watch(key, Some(options)).await) };
        let (mut stream, read) = tokio::try_join!(opening, self.read())?;
        let mut asked = vec![first];
        let mut news = self.seen(read);
        loop {
            if let Some(news) = news {
                return Ok(news);
            }
            self.watch_those_who_matter(&mut stream, &mut asked).await?;
            let Some(message) = heard(stream.message().await)? else { return Ok(News::Over) };
            news = match self.receive(&message)? {
                Heard::Nothing => None,
                Heard::News(news) => Some(news),
                Heard::Change => {
                    let read = self.read().await?;
                    self.seen(read)
                }
            };
        }
    }

    /// Adds to the watches of a stream those that are missing.
    async fn watch_those_who_matter(
        &mut self,
        stream: &mut WatchStream,
        asked: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let Watched::Keys(predecessor, before) = self.line.watched() else { return Ok(()) };
        let matter = [Some(predecessor), before].into_iter().flatten();
        let missing: Vec<_> = matter
            .filter(|key| !asked.iter().any(|asked| asked == key))
            .map(str::to_owned)
            .collect();
        for key in missing {
            let (watched, options) = self.options(&key);
            heard(stream.watch(watched, Some(options)).await)?;
            asked.push(key);
        }
        Ok(())
    }

    fn options(&self, key: &str) -> (String, WatchOptions) {
        let options = WatchOptions::new().with_filters([WatchFilterType::NoPut]);
        if key.is_empty() {
            (key::line(&self.request.names[0]), options.with_prefix())
        } else {
            (key.to_owned(), options)
        }
    }

    fn receive(&mut self, message: &WatchResponse) -> Result<Heard, StoreError> {
        if message.canceled() {
            // A watch that lags behind what the server still knows is over, any other is refused.
            return match message.compact_revision() {
                0 => Err(StoreError::refused(message.cancel_reason())),
                _ => Ok(Heard::News(News::Over)),
            };
        }
        if message.created() {
            // What happened between the last look and its beginning is not told.
            let from = message.header().map_or(i64::MAX, |header| header.revision());
            return Ok(if self.line.seen < from { Heard::Change } else { Heard::Nothing });
        }
        let mut has_changed = false;
        for event in message.events() {
            if let (EventType::Delete, Some(kv)) = (event.event_type(), event.kv()) {
                has_changed |= self.line.remove(kv.key());
            }
        }
        Ok(match (has_changed, self.line.watched()) {
            _ if self.line.is_its_turn() => Heard::News(News::ItsTurn),
            (true, Watched::Keys(..)) => Heard::Change,
            _ => Heard::Nothing,
        })
    }

    /// Those who are there now, up to the request itself, which must be there as well.
    async fn read(&self) -> Result<Option<Line>, StoreError> {
        let prefix = key::line(&self.request.names[0]);
        let up_to_own = GetOptions::new().with_prefix().with_keys_only();
        let up_to_own = up_to_own.with_max_create_revision(self.revision);
        let mut client = self.link.client.kv_client();
        let read = heard(client.get(prefix, Some(up_to_own)).await)?;
        let seen = read.header().map_or(0, |header| header.revision());
        let (own, line) = read_line(self.request, &read, seen)?;
        Ok((own == Some(self.revision)).then_some(line))
    }

    fn seen(&mut self, read: Option<Line>) -> Option<News> {
        let Some(now) = read else { return Some(News::Over) };
        self.line.keep_only(&now);
        self.line.is_its_turn().then_some(News::ItsTurn)
    }
}

/// What a message comes to.
enum Heard {
    Nothing,
    /// The line is to be read.
    Change,
    News(News),
}
