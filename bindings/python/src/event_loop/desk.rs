//! What an event loop calls: it hears of outcomes, and reads and writes connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use keyrotor::host::{Hosting, Letter, Line, Mailbox, Posted};
use keyrotor::{Code, Error};
use pyo3::exceptions::PyNotImplementedError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::bell::Bell;
use super::calls::Calls;
use super::host_loop::HostLoop;
use super::lines::Lines;
use super::waking::Waking;
use crate::error::{Failure, guarded};
use crate::reply::Texts;

/// The place of one client at its event loop. The loop holds it for as long as there is something to hear; it does
/// not hold the client.
#[pyclass(frozen, weakref, module = "keyrotor._native")]
pub(crate) struct Desk {
    event_loop: HostLoop,
    thread: ThreadId,
    mailbox: Arc<Mailbox>,
    hosting: Hosting,
    bell: Bell,
    texts: Texts,
    waking: Waking,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Calls,
    lines: Lines,
    is_flush_due: bool,
    /// The loop has called, and what its tasks send meanwhile is sent at the end of that.
    is_in_turn: bool,
    /// Who waits for the end.
    closing: Vec<Py<PyAny>>,
    is_leaving: bool,
}

impl Desk {
    /// On the thread of the loop, which is running.
    pub(super) fn new(event_loop: &Bound<'_, PyAny>, texts: Texts) -> Result<Py<Self>, Failure> {
        #[cfg(unix)]
        {
            let (bell, mailbox) = Bell::watched()
                .map_err(|error| Error::new(Code::Internal, format!("no pair of sockets: {error}")))?;
            let mailbox = Arc::new(mailbox);
            let desk = Self::with(event_loop, texts, bell, Hosting::Loop(Arc::clone(&mailbox)), mailbox)?;
            match desk.get().watch_bell(desk.bind(event_loop.py())) {
                Ok(()) => return Ok(desk),
                Err(error) if error.is_instance_of::<PyNotImplementedError>(event_loop.py()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (bell, mailbox) = Bell::called()?;
        let mailbox = Arc::new(mailbox);
        let desk = Self::with(event_loop, texts, bell, Hosting::Mailbox(Arc::clone(&mailbox)), mailbox)?;
        let heard = desk.bind(event_loop.py()).getattr("heard")?;
        desk.get().bell.calls(desk.get().event_loop.waker(&heard)?.unbind());
        Ok(desk)
    }

    fn with(
        event_loop: &Bound<'_, PyAny>,
        texts: Texts,
        bell: Bell,
        hosting: Hosting,
        mailbox: Arc<Mailbox>,
    ) -> PyResult<Py<Self>> {
        let desk = Self {
            event_loop: HostLoop::new(event_loop)?,
            waking: Waking::of(event_loop)?,
            thread: thread::current().id(),
            mailbox,
            hosting,
            bell,
            texts,
            state: Mutex::default(),
        };
        Py::new(event_loop.py(), desk)
    }

    #[cfg(unix)]
    fn watch_bell(&self, this: &Bound<'_, Self>) -> PyResult<()> {
        let Some(descriptor) = self.bell.descriptor() else { return Ok(()) };
        self.event_loop.add_reader(descriptor, &this.getattr(intern!(this.py(), "heard"))?)
    }

    pub(super) fn texts(&self) -> Texts {
        self.texts
    }

    pub(super) fn hosting(&self) -> Hosting {
        self.hosting.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A future of the loop's that gets the outcome of the call that `begin` begins under the number it is given.
    pub(super) fn post<'py>(
        this: &Bound<'py, Self>,
        client: &keyrotor::Client,
        begin: impl FnOnce(u64) -> Result<Posted, Error>,
    ) -> Result<Bound<'py, PyAny>, Failure> {
        let (py, desk) = (this.py(), this.get());
        desk.check_thread()?;
        if !client.has_room() {
            drop(desk.state().calls.take_given_up(py));
        }
        let future = desk.event_loop.future(py)?;
        let number = desk.state().calls.add(future.clone().unbind());
        match begin(number) {
            Ok(posted) => Self::see_through(this, &future, number, posted)?,
            Err(error) => {
                let call = desk.state().calls.take(number);
                call.map_or(Ok(()), |call| call.fail(py, &error))?;
            }
        }
        Ok(future)
    }

    fn see_through<'py>(
        this: &Bound<'py, Self>,
        future: &Bound<'py, PyAny>,
        number: u64,
        posted: Posted,
    ) -> PyResult<()> {
        let (py, desk) = (this.py(), this.get());
        if posted.ends_when_dropped() {
            let withdrawn = this.getattr(intern!(py, "withdrawn"))?;
            let withdrawn = py.import("functools")?.call_method1("partial", (withdrawn, number))?;
            future.call_method1(intern!(py, "add_done_callback"), (withdrawn,))?;
        }
        let (is_unsent, must_flush) = {
            let mut state = desk.state();
            let is_unsent = posted.is_unsent();
            let is_first = is_unsent && !std::mem::replace(&mut state.is_flush_due, true);
            state.calls.hold(number, posted);
            (is_unsent, is_first && !state.is_in_turn)
        };
        if must_flush {
            desk.event_loop.soon(&this.getattr(intern!(py, "flush"))?)?;
        } else if !is_unsent {
            Self::watch_room(this)?;
        }
        Ok(())
    }

    fn with_line(&self, descriptor: i32, work: impl FnOnce(&Line)) {
        let line = self.state().lines.find(descriptor);
        if let Some(line) = line {
            self.mailbox.watch(|| work(&line));
        }
    }

    fn check_thread(&self) -> Result<(), Error> {
        if self.thread == thread::current().id() {
            return Ok(());
        }
        let message = "this client belongs to the event loop of another thread; connect one of its own here";
        Err(Error::new(Code::ArgumentInvalid, message))
    }

    /// Has the loop say when sockets that took not all of it take more.
    fn watch_room(this: &Bound<'_, Self>) -> PyResult<()> {
        let desk = this.get();
        let choked = desk.state().lines.newly_choked();
        for descriptor in choked {
            desk.event_loop.add_writer(descriptor, &this.getattr(intern!(this.py(), "writable"))?)?;
        }
        Ok(())
    }

    /// The loop has called: does `work`, has the tasks go on that it answered, and sends what they sent.
    fn turn(this: &Bound<'_, Self>, work: impl FnOnce(&Self)) -> PyResult<()> {
        let desk = this.get();
        let sorted = {
            let _turn = TurnOf::begin(desk);
            work(desk);
            Self::sort(this, desk.waking)
        };
        // Another thread, too, may have sent what the socket did not take.
        let is_flush_due = desk.state().is_flush_due;
        let sent = if is_flush_due { Self::flush_now(this) } else { Self::watch_room(this) };
        sorted.and(sent)
    }

    /// Takes what came, and lets go of what ended.
    fn sort(this: &Bound<'_, Self>, waking: Waking) -> PyResult<()> {
        let desk = this.get();
        let mut sorted = Ok(());
        for letter in desk.mailbox.take() {
            // Nothing that came is lost where a task has the program end.
            let waking = if sorted.is_ok() { waking } else { Waking::Soon };
            sorted = sorted.and(Self::open(this, letter, waking));
        }
        sorted.and(desk.tidy(this.py()))
    }

    fn open(this: &Bound<'_, Self>, letter: Letter, waking: Waking) -> PyResult<()> {
        let (py, desk) = (this.py(), this.get());
        match letter {
            Letter::Outcome(number, outcome) => {
                let call = desk.state().calls.take(number);
                match call.map(|call| call.settle(py, outcome, desk.texts, waking)).transpose()?.flatten() {
                    Some(resumption) => resumption.resume(&desk.event_loop),
                    None => Ok(()),
                }
            }
            Letter::Opened(line) => {
                let descriptor = desk.state().lines.add(line);
                let readable = this.getattr(intern!(py, "readable"))?;
                desk.event_loop.add_reader(descriptor, &readable)
            }
        }
    }

    fn flush_now(this: &Bound<'_, Self>) -> PyResult<()> {
        let desk = this.get();
        let unsent = {
            let mut state = desk.state();
            state.is_flush_due = false;
            state.lines.unsent()
        };
        unsent.iter().for_each(|line| line.flush());
        Self::watch_room(this)
    }

    fn tidy(&self, py: Python<'_>) -> PyResult<()> {
        let ended = self.state().lines.take_ended();
        for watched in &ended {
            self.event_loop.remove_reader(py, watched.descriptor)?;
            if watched.is_writing {
                self.event_loop.remove_writer(py, watched.descriptor)?;
            }
        }
        let closing = {
            let mut state = self.state();
            if !state.is_leaving || !state.lines.is_empty() || !state.calls.is_empty() {
                return Ok(());
            }
            std::mem::take(&mut state.closing)
        };
        #[cfg(unix)]
        if let Some(descriptor) = self.bell.descriptor() {
            self.event_loop.remove_reader(py, descriptor)?;
            self.bell.retire();
        }
        for future in closing {
            settle(future.bind(py), &py.None().into_bound(py))?;
        }
        Ok(())
    }

    /// Its client is gone. On any thread.
    pub(super) fn leave(&self) {
        self.state().is_leaving = true;
        self.mailbox.ring();
    }

    /// Its client never came. On the thread of the loop.
    pub(super) fn abandon(this: &Bound<'_, Self>) -> PyResult<()> {
        this.get().state().is_leaving = true;
        Self::sort(this, Waking::Soon)
    }

    /// A future of the loop's for the end of everything.
    pub(super) fn close<'py>(this: &Bound<'py, Self>) -> Result<Bound<'py, PyAny>, Failure> {
        let (py, desk) = (this.py(), this.get());
        desk.check_thread()?;
        let future = desk.event_loop.future(py)?;
        {
            let mut state = desk.state();
            state.is_leaving = true;
            state.closing.push(future.clone().unbind());
        }
        Self::sort(this, Waking::Soon)?;
        Ok(future)
    }

    /// A future of the loop's that has its result.
    pub(super) fn settled<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let future = self.event_loop.future(value.py())?;
        settle(&future, value)?;
        Ok(future)
    }
}

/// For as long as the loop's call lasts; it may panic.
struct TurnOf<'a> {
    desk: &'a Desk,
    was_in_turn: bool,
}

impl<'a> TurnOf<'a> {
    fn begin(desk: &'a Desk) -> Self {
        Self { desk, was_in_turn: std::mem::replace(&mut desk.state().is_in_turn, true) }
    }
}

impl Drop for TurnOf<'_> {
    fn drop(&mut self) {
        self.desk.state().is_in_turn = self.was_in_turn;
    }
}

fn settle(future: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if !future.call_method0("done")?.is_truthy()? {
        future.call_method1("set_result", (value,))?;
    }
    Ok(())
}

#[pymethods]
impl Desk {
    /// The bell rang.
    #[pyo3(signature = (_descriptor = -1))]
    fn heard(this: &Bound<'_, Self>, _descriptor: i32) -> PyResult<()> {
        guarded(this.py(), || Ok(Self::turn(this, |desk| desk.bell.silence())?))
    }

    /// A connection has something to read, or has ended.
    fn readable(this: &Bound<'_, Self>, descriptor: i32) -> PyResult<()> {
        guarded(this.py(), || Ok(Self::turn(this, |desk| desk.with_line(descriptor, Line::read))?))
    }

    /// A connection takes more.
    fn writable(this: &Bound<'_, Self>, descriptor: i32) -> PyResult<()> {
        guarded(this.py(), || {
            let desk = this.get();
            desk.with_line(descriptor, Line::flush_rest);
            if desk.state().lines.is_free_again(descriptor) {
                desk.event_loop.remove_writer(this.py(), descriptor)?;
            }
            Ok(Self::turn(this, |_| ())?)
        })
    }

    /// Sends what came together in this turn of the loop.
    fn flush(this: &Bound<'_, Self>) -> PyResult<()> {
        guarded(this.py(), || Ok(Self::flush_now(this)?))
    }

    /// Nobody waits for this call any more.
    fn withdrawn(&self, number: u64, _future: &Bound<'_, PyAny>) {
        let call = self.state().calls.take(number);
        drop(call);
    }

    fn __repr__(&self, py: Python<'_>) -> Py<PyString> {
        PyString::new(py, "<keyrotor._native.Desk>").unbind()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.event_loop.traverse(&visit)?;
        // The collector must not wait. What it does not see, it keeps.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        state.calls.traverse(&visit)?;
        state.closing.iter().try_for_each(|future| visit.call(future))
    }

    fn __clear__(&self) {
        let (calls, closing) = {
            let mut state = self.state();
            (state.calls.take_all(), std::mem::take(&mut state.closing))
        };
        drop((calls, closing));
    }
}
