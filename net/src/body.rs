//! Answers' bodies, read under limits: a server decides neither how much memory an answer takes nor how long it lasts.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// The average rate, in bytes a second, below which a body counts as stalled once the first pause is over.
const SLOWEST: u64 = 16 << 10;
/// Memory set aside before the first byte; a length that a server states is no reason for more.
const ASIDE: u64 = 64 << 20;
/// Answers up to this size are not counted in an [`Account`].
const SMALL: u64 = 1 << 20;
/// Answers up to this size share the middle places of an [`Account`], larger ones its only large place.
const MIDDLE: u64 = 8 << 20;
const MIDDLE_AT_ONCE: usize = 4;

/// Why a body was not read to its end.
#[derive(Debug)]
pub enum Broken {
    /// The connection broke.
    Network(reqwest::Error),
    /// No byte came in time, or too few of them.
    Late(Duration),
    /// It has more bytes than this.
    Long(u64),
}

/// Room for several large answers at once: so many that together they stay below 64 MiB.
#[derive(Clone, Debug)]
pub struct Account {
    middle: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// What a large answer holds of an [`Account`]; to be kept as long as its bytes are.
#[derive(Debug, Default)]
pub struct Room {
    middle: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
}

impl Default for Account {
    fn default() -> Self {
        Self { middle: Arc::new(Semaphore::new(MIDDLE_AT_ONCE)), large: Arc::new(Semaphore::new(1)) }
    }
}

impl Account {
    /// Waits until there is room for `bytes`. Who waits for the large place holds a middle one, and who has the large place waits for
    /// nothing, so that one of them always continues.
    async fn enlarge(&self, room: &mut Room, bytes: u64) {
        // A semaphore that is never closed always gives.
        if bytes > SMALL && room.middle.is_none() {
            room.middle = Arc::clone(&self.middle).acquire_owned().await.ok();
        }
        if bytes > MIDDLE && room.large.is_none() {
            room.large = Arc::clone(&self.large).acquire_owned().await.ok();
        }
    }
}

/// Reads all of a body of at most `most` bytes. It may pause for `pause`, and has to arrive at 16 KiB/s on average after the first
/// pause.
pub async fn collect(answer: Response, most: u64, pause: Duration) -> Result<Bytes, Broken> {
    collect_into(answer, most, pause, None).await.map(|(body, _)| body)
}

/// The same with an account that a large body waits for.
pub async fn collect_into(
    answer: Response,
    most: u64,
    pause: Duration,
    account: Option<&Account>,
) -> Result<(Bytes, Room), Broken> {
    let length = answer.content_length().unwrap_or_default();
    if length > most {
        return Err(Broken::Long(most));
    }
    let mut reader = Reader::new(answer, pause);
    let mut room = Room::default();
    if let Some(account) = account {
        reader.wait(account.enlarge(&mut room, length)).await;
    }
    let mut body = BytesMut::with_capacity(length.min(ASIDE) as usize);
    let mut first: Option<Bytes> = None;
    while let Some(chunk) = reader.chunk().await? {
        if reader.received > most {
            return Err(Broken::Long(most));
        }
        if let Some(account) = account {
            reader.wait(account.enlarge(&mut room, reader.received)).await;
        }
        // Most answers come in one piece, which need not be copied.
        if body.is_empty() && first.is_none() && chunk.len() as u64 >= length {
            first = Some(chunk);
        } else {
            body.extend_from_slice(first.take().as_deref().unwrap_or_default());
            body.extend_from_slice(&chunk);
        }
    }
    Ok((first.unwrap_or_else(|| body.freeze()), room))
}

/// The beginning of a body, for the text of a refusal: at most `most` bytes, and what has come when the connection breaks or is late.
pub async fn beginning(answer: Response, most: u64, pause: Duration) -> Bytes {
    let mut reader = Reader::new(answer, pause);
    let mut body = BytesMut::new();
    while let Ok(Some(chunk)) = reader.chunk().await {
        let left = most as usize - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(left)]);
        if body.len() as u64 >= most {
            break;
        }
    }
    body.freeze()
}

/// A body that is being read, and how fast it comes.
struct Reader {
    answer: Response,
    pause: Duration,
    began: Instant,
    received: u64,
}

impl Reader {
    fn new(answer: Response, pause: Duration) -> Self {
        Self { answer, pause, began: Instant::now(), received: 0 }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        let allowed = self.pause + Duration::from_millis(self.received.saturating_mul(1000) / SLOWEST);
        let left = allowed.saturating_sub(self.began.elapsed()).min(self.pause);
        let chunk = timeout(left, self.answer.chunk())
            .await
            .map_err(|_| Broken::Late(self.began.elapsed()))?
            .map_err(Broken::Network)?;
        self.received += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Ok(chunk)
    }

    /// Waits for something of our own, which is not the server's delay.
    async fn wait(&mut self, waiting: impl Future<Output = ()>) {
        let since = Instant::now();
        waiting.await;
        self.began += since.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    #[derive(Clone, Copy)]
    enum Way {
        /// All at once, with its length.
        Stated(usize),
        /// In chunks without a length.
        Chunks(usize),
        /// A byte, and another one for each tick of the clock.
        Drip,
        /// Some bytes of more that were stated, and the end.
        Cut,
    }

    async fn answer(way: Way) -> Response {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            // The client may have gone.
            let _ = write(&mut stream, way).await;
        });
        crate::connect::client(&crate::Environment::default(), 1, false)
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap()
    }

    async fn write(stream: &mut TcpStream, way: Way) -> std::io::Result<()> {
        let stated = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        match way {
            Way::Stated(length) => {
                stream.write_all(stated(length).as_bytes()).await?;
                stream.write_all(&vec![b'x'; length]).await
            }
            Way::Chunks(count) => {
                stream.write_all(chunked.as_bytes()).await?;
                for _ in 0..count {
                    stream.write_all(b"400\r\n").await?;
                    stream.write_all(&[b'x'; 1024]).await?;
                    stream.write_all(b"\r\n").await?;
                }
                stream.write_all(b"0\r\n\r\n").await
            }
            Way::Drip => {
                stream.write_all(chunked.as_bytes()).await?;
                loop {
                    stream.write_all(b"1\r\nx\r\n").await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Way::Cut => stream.write_all(format!("{}some", stated(100)).as_bytes()).await,
        }
    }

    #[rstest]
    #[case::stated(Way::Stated(5), 5, Ok(5))]
    #[case::nothing(Way::Stated(0), 0, Ok(0))]
    #[case::in_chunks(Way::Chunks(3), 3072, Ok(3072))]
    #[case::longer_by_its_length(Way::Stated(6), 5, Err("long"))]
    #[case::longer_by_its_chunks(Way::Chunks(4), 4095, Err("long"))]
    #[case::without_end(Way::Chunks(usize::MAX), 1 << 20, Err("long"))]
    #[case::one_byte_now_and_then(Way::Drip, 1 << 20, Err("late"))]
    #[case::cut_off(Way::Cut, 1 << 20, Err("network"))]
    #[tokio::test]
    async fn bodies_are_read_up_to_their_limits(
        #[case] way: Way,
        #[case] most: u64,
        #[case] ends: Result<usize, &str>,
    ) {
        let read = collect(answer(way).await, most, Duration::from_millis(300)).await;
        let read = read.map(|body| body.len()).map_err(|broken| match broken {
            Broken::Long(limit) if limit == most => "long",
            Broken::Late(_) => "late",
            Broken::Network(_) => "network",
            Broken::Long(_) => "another limit",
        });
        assert_eq!(read, ends);
    }

    #[rstest]
    #[case::short(Way::Stated(5), 5)]
    #[case::long(Way::Stated(5000), 100)]
    #[case::without_end(Way::Chunks(usize::MAX), 100)]
    #[case::cut_off(Way::Cut, 4)]
    #[tokio::test]
    async fn of_a_refusal_the_beginning_is_enough(#[case] way: Way, #[case] length: usize) {
        assert_eq!(beginning(answer(way).await, 100, Duration::from_millis(300)).await.len(), length);
    }

    #[tokio::test]
    async fn large_answers_wait_for_room_and_give_it_back() {
        let account = Account::default();
        let mut rooms: Vec<Room> = (0..6).map(|_| Room::default()).collect();
        account.enlarge(&mut rooms[0], SMALL).await;
        for room in &mut rooms[1..4] {
            account.enlarge(room, SMALL + 1).await;
        }
        account.enlarge(&mut rooms[4], MIDDLE + 1).await;
        assert_eq!((account.middle.available_permits(), account.large.available_permits()), (0, 0));
        let mut late = rooms.pop().unwrap();
        let waiting = account.enlarge(&mut late, SMALL + 1);
        tokio::pin!(waiting);
        assert!(futures_poll(&mut waiting).await.is_none());
        drop(rooms);
        waiting.await;
        assert_eq!((account.middle.available_permits(), account.large.available_permits()), (3, 1));
    }

    /// What a future gives at once.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        timeout(Duration::ZERO, future).await.ok()
    }
}
