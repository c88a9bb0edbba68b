//! Call forwarding: calls to some numbers go somewhere else. The same module stands in
//! Go, C and AssemblyScript beside it; one test shows that all do the same.

use sallyport::{Call, Module, Result, Setup};

struct CallForward {
    forward: Vec<(String, String)>, // number, URI
    barred: Vec<String>,
    longest: i64, // seconds
}

impl CallForward {
    /// Where the call goes: the parameter "to", else what the configuration has.
    fn target<'a>(&'a self, c: &Call<'a>, callee: &str) -> &'a str {
        match c.param("to") {
            "" => self.forward.iter().find(|f| f.0 == callee).map_or("", |f| &f.1),
            to => to,
        }
    }
}

impl Module for CallForward {
    fn init(s: &Setup) -> std::result::Result<Self, String> {
        let mut forward = Vec::new();
        for f in s.texts("forward")? {
            match f.split_once('=') {
                Some((number, uri)) => forward.push((number.into(), uri.into())),
                None => return Err(["forward: want number=URI, got ", &f].concat()),
            }
        }
        Ok(CallForward { forward, barred: s.texts("barred")?, longest: s.int("longest")?.unwrap_or(0) })
    }

    fn start(&mut self, c: &mut Call) -> Result {
        let callee = c.text(sallyport::FIELD_CALLEE);
        let to = self.target(c, callee).to_string();
        if to.is_empty() {
            return Ok(());
        }
        if let Some(by) = c.header("X-Forwarded-By", 0) {
            c.log(sallyport::LOG_WARN, &[callee, " was forwarded before, by ", by].concat());
            return c.set_var("forward_loop", by);
        }
        let number = to.split_once(':').map_or(&*to, |(_, n)| n);
        if let Some(prefix) = self.barred.iter().find(|p| number.starts_with(&***p)) {
            c.log(sallyport::LOG_WARN, &[callee, " must not be forwarded to ", &to].concat());
            c.refuse(403, "Forwarding Barred");
            c.refuse_header("X-Barred-Prefix", prefix);
            return Ok(());
        }
        let key = c.param("key");
        c.set(if key.is_empty() { "identity.ruri" } else { key }, &to);
        if self.longest > 0 {
            c.max_duration(std::time::Duration::from_secs(self.longest as u64));
        }
        c.set_var("forwarded_to", &to)?;
        c.set_state(&to)?;
        let now = c.var("forwarded_to");
        c.log(sallyport::LOG_INFO, &[callee, " is forwarded to ", now].concat());
        Ok(())
    }

    fn connect(&mut self, c: &mut Call) -> Result {
        match c.state() {
            "" => Ok(()),
            to => c.set_var("forward_answered", to),
        }
    }

    fn end(&mut self, c: &mut Call) -> Result {
        let to = c.state();
        if !to.is_empty() {
            let code = c.number(sallyport::FIELD_CODE).to_string();
            c.log(sallyport::LOG_INFO, &["call to ", to, ": ", c.text(sallyport::FIELD_DISPOSITION), " ", &code].concat());
        }
        Ok(())
    }
}

sallyport::module!(CallForward);
