//! What the page calls: it writes a question into memory, asks, and reads the answer from there.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The question, as the page writes it, and the answer, as it reads it.
static QUESTION: Mutex<Vec<u8>> = Mutex::new(vec![]);
static ANSWER: Mutex<Vec<u8>> = Mutex::new(vec![]);

fn lock(memory: &'static Mutex<Vec<u8>>) -> MutexGuard<'static, Vec<u8>> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the page writes a question of so many bytes.
#[allow(unsafe_code, reason = "the page finds it by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn playground_question(bytes: usize) -> *mut u8 {
    let mut question = lock(&QUESTION);
    question.clear();
    question.resize(bytes, 0);
    question.as_mut_ptr()
}

/// Answers the question; how many bytes the answer has.
#[allow(unsafe_code, reason = "the page finds it by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn playground_ask() -> usize {
    let question = lock(&QUESTION);
    let answered = match serde_json::from_slice(&question) {
        Ok(question) => crate::answer(&question),
        Err(error) => {
            serde_json::json!({ "fault": format!("the page asks what cannot be read: {error}") })
        }
    };
    let mut answer = lock(&ANSWER);
    *answer = answered.to_string().into_bytes();
    answer.len()
}

/// Where the page reads the answer.
#[allow(unsafe_code, reason = "the page finds it by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn playground_answer() -> *const u8 {
    lock(&ANSWER).as_ptr()
}
