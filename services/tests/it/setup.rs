use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_net::Environment;
use adt_services::ServiceOptions;
use jiff::Timestamp;
use tokio::net::TcpSocket;

/// What was told of retries.
pub(crate) type Told = Arc<Mutex<Vec<String>>>;

/// Options with this much patience for all tries and for one, and what they tell.
pub(crate) fn options(retry: Duration, attempt: Duration) -> (ServiceOptions, Told) {
    let told = Told::default();
    let into = Arc::clone(&told);
    let mut options = ServiceOptions::new(Environment::default(), Arc::new(Timestamp::now));
    options.retry_time = retry;
    options.request_timeout = attempt;
    options.on_retry = Arc::new(move |line| into.lock().unwrap().push(line.to_owned()));
    (options, told)
}

/// Long enough for any answer of loopback, with so many tries as there are answers.
pub(crate) fn patient() -> (ServiceOptions, Told) {
    options(Duration::from_secs(30), Duration::from_secs(30))
}

/// One try.
pub(crate) fn hasty() -> ServiceOptions {
    options(Duration::ZERO, Duration::from_secs(30)).0
}

/// An address where nobody listens, kept from others while the socket lives.
pub(crate) fn nobody() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}
