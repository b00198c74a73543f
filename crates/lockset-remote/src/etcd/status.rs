//! Who holds a lock and who waits for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use etcd_client::{GetOptions, KeyValue};
use lockset_api::Name;

use super::connection::{Link, heard};
use super::kept::Kept;
use super::key;
use super::line::{Earlier, Line};
use super::take::fence;
use crate::store::{Party, Status, StoreError};

impl Kept {
    pub(super) async fn inspect(&self, name: &Name) -> Result<Status, StoreError> {
        let answer = self.connection.run(|link| Box::pin(read(link, name)));
        let (kvs, left) = answer.await?.value;
        Ok(status(name, &kvs, &left))
    }
}

/// All keys of the line, and what is left of their sessions.
async fn read(
    link: Arc<Link>,
    name: &Name,
) -> Result<(Vec<KeyValue>, HashMap<i64, Duration>), StoreError> {
    let (mut keys, mut sessions) = (link.client.kv_client(), link.client.lease_client());
    let line = GetOptions::new().with_prefix();
    let mut read = heard(keys.get(key::line(name), Some(line)).await)?;
    let mut kvs = read.take_kvs();
    kvs.sort_by_key(KeyValue::create_revision);
    let mut left = HashMap::new();
    for kv in &kvs {
        if let Entry::Vacant(unknown) = left.entry(kv.lease()) {
            let ttl = heard(sessions.time_to_live(kv.lease(), None).await)?.ttl();
            // Negative: it has ended since.
            unknown.insert(Duration::from_secs(u64::try_from(ttl).unwrap_or(0)));
        }
    }
    Ok((kvs, left))
}

fn status(name: &Name, kvs: &[KeyValue], left: &HashMap<i64, Duration>) -> Status {
    let prefix = key::line(name);
    let mut status = Status::default();
    let mut earlier = Vec::new();
    for kv in kvs {
        let Some((id, mode)) = key::parse(kv.key(), &prefix) else { continue };
        let (holder, note, since) = notes(kv.value());
        let remaining = left.get(&kv.lease()).copied().unwrap_or_default();
        let party = Party::new(id, holder, mode.weight(), since, remaining).with_note(note);
        if Line::new(mode, earlier.clone(), 0).is_its_turn() {
            status.fence = Some(fence(kv.create_revision()));
            status.holders.push(party);
        } else {
            status.waiters.push(party);
        }
        earlier.push(Earlier { key: String::new(), mode });
    }
    status
}

/// Who, what for, and for how long, as far as the value says.
fn notes(value: &[u8]) -> (String, Option<String>, Duration) {
    let text = String::from_utf8_lossy(value);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (holder, note, began) = (line(), line(), line());
    let note = (!note.is_empty()).then(|| note.to_owned());
    let began = UNIX_EPOCH + Duration::from_millis(began.parse().unwrap_or(0));
    let since = SystemTime::now().duration_since(began).unwrap_or_default();
    (holder.to_owned(), note, since)
}
