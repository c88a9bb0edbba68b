//! Asks a web server where a call goes, and waits without holding up other calls. Where the
//! server is busy (503) it is asked once more after a moment: two steps of a state machine,
//! whose state is the note.

use std::time::Duration;

use sallyport::{Answer, Call, Code, Module, Result, Setup};

struct Lookup {
    url: String,
}

impl Lookup {
    /// The note is the step and the callee: "asked carol".
    fn ask(&self, c: &mut Call, step: &str, callee: &str) -> Result {
        c.wait(c.http_get(&[&self.url, callee].concat()), &[step, " ", callee].concat())
    }
}

impl Module for Lookup {
    fn init(s: &Setup) -> std::result::Result<Self, String> {
        Ok(Lookup { url: s.text("url")?.unwrap_or_default() })
    }

    fn start(&mut self, c: &mut Call) -> Result {
        let callee = c.text(sallyport::FIELD_CALLEE);
        if callee.len() > 128 {
            return Err(Code(sallyport::ERR_TOO_BIG));
        }
        self.ask(c, "asked", callee)
    }

    fn waited(&mut self, c: &mut Call, answer: &Answer, note: &str) -> Result {
        answer.ok()?;
        let (step, callee) = note.split_once(' ').unwrap_or((note, ""));
        if step == "paused" {
            return self.ask(c, "again", callee);
        }
        let body = answer.body();
        match answer.status() {
            503 if step == "asked" => c.wait(c.sleep(Duration::from_millis(20)), &["paused ", callee].concat()),
            403 => {
                c.refuse(403, "Says the Web");
                Ok(())
            }
            404 => Ok(()),
            200 if !body.is_empty() => {
                c.set("identity.ruri", body);
                c.set_var("looked_up", body)
            }
            _ => Err(Code(sallyport::ERR_IO)),
        }
    }
}

sallyport::module!(Lookup);
