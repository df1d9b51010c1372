//! The members of all rooms at work: one task for each socket.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::load::Load;
use crate::measure::{Clock, Window};
use crate::metronome;
use crate::outcome::Members;
use crate::progress::Tally;
use crate::receive::{Context, Inbox, listen};
use crate::rooms::Room;
use crate::send::{Pace, Sender};
use crate::sockets::{Dialer, Socket};

/// A room with the sockets of its members.
pub(crate) struct OpenRoom {
    id: i64,
    senders: Vec<Socket>,
    listeners: Vec<Socket>,
}

/// Opens the sockets of all members: one for each sender, `devices` for each listener.
///
/// # Errors
/// When one is refused.
pub(crate) async fn open(
    dialer: &mut Dialer,
    rooms: Vec<Room>,
    devices: usize,
) -> anyhow::Result<Vec<OpenRoom>> {
    let mut opened = Vec::with_capacity(rooms.len());
    for room in rooms {
        let listening =
            room.listeners.iter().flat_map(|user| std::iter::repeat_n(user.token.as_str(), devices));
        let sending: Vec<&str> = room.senders.iter().map(|user| user.token.as_str()).collect();
        opened.push(OpenRoom {
            id: room.id,
            listeners: dialer.open(&listening.collect::<Vec<_>>()).await?,
            senders: dialer.open(&sending).await?,
        });
    }
    Ok(opened)
}

/// The running tasks of all members.
pub(crate) struct Cast {
    pub(crate) context: Context,
    senders: Vec<JoinHandle<Sender>>,
    listeners: Vec<JoinHandle<Inbox>>,
}

impl Cast {
    /// Begins: the run's clock starts here.
    pub(crate) fn start(
        rooms: Vec<OpenRoom>,
        load: &Load,
        tally: &Arc<Tally>,
        stop: watch::Receiver<()>,
    ) -> Self {
        let context = Context { clock: Clock::start(), window: window(load), tally: Arc::clone(tally), stop };
        let mut cast = Self { context, senders: Vec::new(), listeners: Vec::new() };
        let mut paces = paces(load, &cast.context).into_iter();
        for room in rooms {
            cast.enter(room, &mut paces, load.content);
        }
        cast
    }

    fn enter(&mut self, room: OpenRoom, paces: &mut impl Iterator<Item = Pace>, content: usize) {
        let sockets = room.senders.len() + room.listeners.len();
        let others = u64::try_from(sockets - 1).unwrap_or(u64::MAX);
        for socket in room.listeners {
            let inbox = Inbox::new(self.context.clone(), room.id);
            self.listeners.push(tokio::spawn(listen(socket, inbox)));
        }
        for (socket, pace) in room.senders.into_iter().zip(paces) {
            let inbox = Inbox::new(self.context.clone(), room.id);
            let sender = Sender::new(self.context.clone(), inbox, pace, others, content);
            self.senders.push(tokio::spawn(sender.run(socket)));
        }
    }

    /// Waits for all tasks, which end when the run is stopped; what they saw.
    ///
    /// # Errors
    /// When one panicked.
    pub(crate) async fn finish(self) -> anyhow::Result<Members> {
        let senders = try_join_all(self.senders).await?;
        let listeners = try_join_all(self.listeners).await?;
        Ok(Members::add_up(&senders, &listeners))
    }
}

fn window(load: &Load) -> Window {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Window { from: nanos(load.warmup()), until: nanos(load.warmup() + load.duration()) }
}

fn paces(load: &Load, context: &Context) -> Vec<Pace> {
    let Some(rate) = load.rate.filter(|_| load.senders > 0) else {
        return (0..load.senders).map(|_| Pace::Closed(load.window)).collect();
    };
    // The metronome's thread ends by itself: with the window, or with the last sender.
    let (_, dues) = metronome::start(context.clock, rate, context.window.until, load.senders);
    dues.into_iter().map(Pace::Open).collect()
}
