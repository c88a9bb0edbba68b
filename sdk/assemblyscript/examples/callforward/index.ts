// Call forwarding: calls to some numbers go somewhere else. The same module stands in Go,
// C and Rust beside it; one test shows that all do the same.

import { Call, Module, Setup, register, FIELD_CALLEE, FIELD_CODE, FIELD_DISPOSITION, LOG_INFO, LOG_WARN } from "sallyport";
export { sbc_abi_v1, sbc_buffer, sbc_init, sbc_event } from "sallyport";

class CallForward extends Module {
  private forward: Map<string, string> = new Map<string, string>();
  private barred: string[] = [];
  private longest: i64 = 0; // seconds

  override init(s: Setup): string | null {
    const list = s.texts("forward");
    for (let i = 0; i < list.length; i++) {
      const at = list[i].indexOf("=");
      if (at < 0) return "forward: want number=URI, got " + list[i];
      this.forward.set(list[i].substring(0, at), list[i].substring(at + 1));
    }
    this.barred = s.texts("barred");
    this.longest = s.int("longest");
    return null;
  }

  /** Where the call goes: the parameter "to", else what the configuration has. */
  private target(c: Call, callee: string): string {
    const to = c.param("to");
    if (to.length || !this.forward.has(callee)) return to;
    return this.forward.get(callee);
  }

  override start(c: Call): void {
    const callee = c.text(FIELD_CALLEE), to = this.target(c, callee);
    if (!to.length) return;

    const by = c.header("X-Forwarded-By");
    if (by != null) {
      c.log(LOG_WARN, callee + " was forwarded before, by " + by);
      c.setVariable("forward_loop", by);
      return;
    }
    const number = to.substring(to.indexOf(":") + 1);
    for (let i = 0; i < this.barred.length; i++) {
      if (!number.startsWith(this.barred[i])) continue;
      c.log(LOG_WARN, callee + " must not be forwarded to " + to);
      c.refuse(403, "Forwarding Barred");
      c.refuseHeader("X-Barred-Prefix", this.barred[i]);
      return;
    }

    const key = c.param("key");
    c.set(key.length ? key : "identity.ruri", to);
    if (this.longest > 0) c.maxDuration(<u64>this.longest * 1_000_000_000);
    c.setVariable("forwarded_to", to);
    c.setState(to);
    c.log(LOG_INFO, callee + " is forwarded to " + c.variable("forwarded_to"));
  }

  override connect(c: Call): void {
    const to = c.state();
    if (to.length) c.setVariable("forward_answered", to);
  }

  override end(c: Call): void {
    const to = c.state();
    if (to.length) c.log(LOG_INFO, "call to " + to + ": " + c.text(FIELD_DISPOSITION) + " " + c.number(FIELD_CODE).toString());
  }
}

register(new CallForward());
