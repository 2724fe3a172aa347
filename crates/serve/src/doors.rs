//! Room for connections: how many there may be, in all and of one address, and who makes room when there are too many.
//!
//! A connection without a request under way costs nobody anything to lose, so idle ones never keep others out: for a new
//! connection beyond the number, one of them is closed, first those that never asked anything, of these the oldest, then the one that
//! idled longest. A connection with a request under way keeps its place.

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How long a closed connection may take to leave before another one is asked to.
const LEAVING: Duration = Duration::from_millis(20);

/// All places.
#[derive(Debug)]
pub(crate) struct Doors {
    slots: Arc<Semaphore>,
    most_of_a_peer: usize,
    /// Counts what happens, so that places can be ordered by when they last did something.
    now: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Place>>>,
}

/// One connection's place; free again when its last [`Guest`] is gone.
#[derive(Debug)]
struct Place {
    peer: IpAddr,
    /// Requests under way.
    active: AtomicUsize,
    /// When the last request ended; 0 before the first began.
    idle_since: AtomicU64,
    leave: Notify,
}

/// A connection inside.
#[derive(Debug)]
pub(crate) struct Guest {
    doors: Arc<Doors>,
    number: u64,
    place: Arc<Place>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Doors {
    pub(crate) fn new(most: usize, most_of_a_peer: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(most)),
            most_of_a_peer,
            now: AtomicU64::new(1),
            open: Mutex::default(),
        })
    }

    /// A place for a connection from `address`, once there is one; `None` when the address has its share and uses all of it.
    pub(crate) async fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let peer = network(address);
        // A proxy on this machine speaks for many.
        if self.most_of_a_peer > 0 && !peer.is_loopback() {
            let of_peer = |place: &Place| place.peer == peer;
            if self.open().values().filter(|place| of_peer(place)).count() >= self.most_of_a_peer
                && !self.dismiss(of_peer)
            {
                return None;
            }
        }
        let slot = loop {
            if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
                break Some(slot);
            }
            self.dismiss(|_| true);
            let freed = Arc::clone(&self.slots).acquire_owned();
            if let Ok(slot) = tokio::time::timeout(LEAVING, freed).await {
                // The semaphore is never closed.
                break slot.ok();
            }
        };
        let place = Arc::new(Place {
            peer,
            active: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            leave: Notify::new(),
        });
        let number = self.now.fetch_add(1, SeqCst);
        self.open().insert(number, Arc::clone(&place));
        Some(Guest { doors: Arc::clone(self), number, place, _slot: slot })
    }

    /// Asks the most idle of these connections to leave; false when all have requests under way.
    fn dismiss(&self, of: impl Fn(&Place) -> bool) -> bool {
        let mut open = self.open();
        let idle = open
            .iter()
            .filter(|(_, place)| place.active.load(SeqCst) == 0 && of(place))
            .min_by_key(|(number, place)| (place.idle_since.load(SeqCst), **number))
            .map(|(number, _)| *number);
        // No longer counted, and not asked twice.
        let Some(place) = idle.and_then(|number| open.remove(&number)) else { return false };
        place.leave.notify_one();
        true
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Place>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// The router, counting this connection's requests.
    pub(crate) fn service(&self, router: Router) -> Counted {
        Counted {
            inner: TowerToHyperService::new(router),
            doors: Arc::clone(&self.doors),
            place: Arc::clone(&self.place),
        }
    }

    /// Returns when the connection shall make room.
    pub(crate) async fn dismissed(&self) {
        self.place.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.doors.open().remove(&self.number);
    }
}

/// Answers a connection's requests and knows how many are under way.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    inner: TowerToHyperService<Router>,
    doors: Arc<Doors>,
    place: Arc<Place>,
}

impl Service<Request<Incoming>> for Counted {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let busy = Busy::new(&self.doors, &self.place);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _busy = busy;
            answer.await
        })
    }
}

/// A request under way, until dropped.
struct Busy(Arc<Doors>, Arc<Place>);

impl Busy {
    fn new(doors: &Arc<Doors>, place: &Arc<Place>) -> Self {
        place.active.fetch_add(1, SeqCst);
        Self(Arc::clone(doors), Arc::clone(place))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.1.idle_since.store(self.0.now.fetch_add(1, SeqCst), SeqCst);
        self.1.active.fetch_sub(1, SeqCst);
    }
}

/// What counts as one address: an IPv6 network of 64 bits is one customer's.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    async fn left(guest: &Guest) -> bool {
        tokio::time::timeout(Duration::from_millis(1), guest.dismissed()).await.is_ok()
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_its_idle_connections_make_room_for_its_own() {
        let doors = Doors::new(100, 2);
        let (many, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = doors.enter(many).await.unwrap();
        let second = doors.enter(many).await.unwrap();
        let stranger = doors.enter(other).await.unwrap();
        let third = doors.enter(many).await.unwrap();
        assert!(left(&first).await && !left(&second).await && !left(&stranger).await);
        let busy = [Busy::new(&doors, &second.place), Busy::new(&doors, &third.place)];
        assert!(doors.enter(many).await.is_none(), "both are used");
        assert!(doors.enter(other).await.is_some());
        drop(busy);
        assert!(doors.enter(many).await.is_some());
        let local = address("127.0.0.1");
        let mut proxied = Vec::new();
        for _ in 0..5 {
            proxied.push(doors.enter(local).await.unwrap());
        }
        assert!(!left(&proxied[0]).await, "a proxy on this machine is not bounded");
    }

    #[tokio::test]
    async fn whoever_asked_leaves_after_whoever_never_did_and_the_busy_stay() {
        let doors = Doors::new(3, 0);
        let peer = address("192.0.2.1");
        let asked = doors.enter(peer).await.unwrap();
        drop(Busy::new(&doors, &asked.place));
        let busy = doors.enter(peer).await.unwrap();
        let under_way = Busy::new(&doors, &busy.place);
        let silent = doors.enter(peer).await.unwrap();
        let next = doors.enter(peer);
        let leaves = async {
            silent.dismissed().await;
            drop(silent);
        };
        let (next, ()) = tokio::join!(next, leaves);
        assert!(next.is_some() && !left(&asked).await && !left(&busy).await);
        drop(under_way);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::ffff:2")));
        assert_ne!(network(address("2001:db8:0:1::1")), network(address("2001:db8::1")));
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
