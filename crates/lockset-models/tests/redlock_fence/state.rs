//! What masters and clients know.

pub(crate) const MASTERS: usize = 3;
pub(crate) const MAJORITY: usize = MASTERS / 2 + 1;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct State<const CLIENTS: usize> {
    pub(crate) masters: [Master<CLIENTS>; MASTERS],
    pub(crate) clients: [Client; CLIENTS],
    /// A client was granted the lock by a fence that a grant before its start had reached.
    pub(crate) went_back: bool,
    /// A master has restarted.
    pub(crate) restarted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Master<const CLIENTS: usize> {
    pub(crate) counter: u8,
    /// It has restarted, and answers nobody yet.
    pub(crate) waits: bool,
    /// Whose its key is.
    pub(crate) key: Option<u8>,
    /// What it answered to each client, once the client's request has arrived.
    pub(crate) answers: [Option<u8>; CLIENTS],
    /// Whether it has done what each client's write-back asks for.
    pub(crate) confirmed: [bool; CLIENTS],
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Client {
    /// It has not started.
    Idle,
    /// It has asked all masters, when the latest fence granted was `after`.
    Asking { after: u8 },
    /// It has told all masters to write `fence` back.
    WritingBack { after: u8, fence: u8 },
    /// It was granted the lock. What it sent may still be on its way.
    Granted { fence: u8, wrote_back: bool },
}

impl Client {
    /// The fence that its write-backs carry.
    pub(crate) fn writes(self) -> Option<u8> {
        match self {
            Self::WritingBack { fence, .. } | Self::Granted { fence, wrote_back: true } => {
                Some(fence)
            }
            Self::Idle | Self::Asking { .. } | Self::Granted { .. } => None,
        }
    }
}

impl<const CLIENTS: usize> State<CLIENTS> {
    pub(crate) fn fences(&self) -> [Option<u8>; CLIENTS] {
        self.clients.map(|client| match client {
            Client::Granted { fence, .. } => Some(fence),
            _ => None,
        })
    }

    pub(crate) fn latest(&self) -> u8 {
        self.fences().into_iter().flatten().max().unwrap_or(0)
    }

    pub(crate) fn grant(&mut self, client: usize, fence: u8) {
        let (after, wrote_back) = match self.clients[client] {
            Client::Asking { after } => (after, false),
            Client::WritingBack { after, .. } => (after, true),
            Client::Idle | Client::Granted { .. } => return,
        };
        self.went_back |= fence <= after;
        self.clients[client] = Client::Granted { fence, wrote_back };
    }

    /// What a master answered before its restart is of no use any more: its lease is over.
    pub(crate) fn end_leases_of(&mut self, master: usize) {
        let Master { answers, confirmed, .. } = &mut self.masters[master];
        for (index, client) in self.clients.iter().enumerate() {
            if matches!(client, Client::Asking { .. } | Client::WritingBack { .. }) {
                answers[index] = None;
                confirmed[index] = false;
            }
        }
    }

    /// Makes states equal that differ in what nobody will ever look at.
    pub(crate) fn forget_what_is_of_no_consequence(&mut self) {
        for (index, client) in self.clients.iter().enumerate() {
            for master in &mut self.masters {
                let answer = &mut master.answers[index];
                match client {
                    // Whether the request has arrived still matters, and the answer no more.
                    Client::Granted { .. } => {
                        *answer = answer.map(|_| 0);
                        master.confirmed[index] = false;
                    }
                    Client::WritingBack { fence, .. } => {
                        *answer = answer.map(|value| if value == *fence { value } else { 0 });
                    }
                    Client::Idle | Client::Asking { .. } => {}
                }
            }
        }
    }

    /// The smallest of all states that are this one by other names.
    pub(crate) fn representative(self) -> Self {
        let mut smallest: Option<Self> = None;
        let mut names = std::array::from_fn(|index| index);
        self.rename(&mut names, 0, &mut smallest);
        smallest.unwrap_or(self)
    }

    /// Tries every order of the clients from the `fixed`-th on.
    pub(crate) fn rename(
        &self,
        names: &mut [usize; CLIENTS],
        fixed: usize,
        smallest: &mut Option<Self>,
    ) {
        if fixed == CLIENTS {
            let renamed = self.with_names(names);
            *smallest = Some(smallest.map_or(renamed, |smallest| smallest.min(renamed)));
            return;
        }
        for other in fixed..CLIENTS {
            names.swap(fixed, other);
            self.rename(names, fixed + 1, smallest);
            names.swap(fixed, other);
        }
    }

    /// The state with `names[i]` called `i`, and the masters in order.
    pub(crate) fn with_names(&self, names: &[usize; CLIENTS]) -> Self {
        let mut renamed = *self;
        renamed.clients = names.map(|name| self.clients[name]);
        for master in &mut renamed.masters {
            let key =
                master.key.and_then(|key| names.iter().position(|name| *name == usize::from(key)));
            master.key = key.and_then(|key| u8::try_from(key).ok());
            master.answers = names.map(|name| master.answers[name]);
            master.confirmed = names.map(|name| master.confirmed[name]);
        }
        renamed.masters.sort_unstable();
        renamed
    }
}
