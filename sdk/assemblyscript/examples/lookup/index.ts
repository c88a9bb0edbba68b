// Asks a web server where a call goes, and waits without holding up other calls. Where the
// server is busy (503) it is asked once more after a moment: two steps of a state machine,
// whose state is the note.

import { Answer, Call, Module, Setup, register, ERR_IO, ERR_TOO_BIG, FIELD_CALLEE } from "sallyport";
export { sbc_abi_v1, sbc_buffer, sbc_init, sbc_event, sbc_resume, sbc_cancel } from "sallyport";

class Lookup extends Module {
  private url: string = "";

  override init(s: Setup): string | null {
    this.url = s.text("url");
    return null;
  }

  /** The note is the step and the callee: "asked carol". */
  private ask(c: Call, step: string, callee: string): void { c.wait(c.httpGet(this.url + callee), step + " " + callee); }

  override start(c: Call): void {
    const callee = c.text(FIELD_CALLEE);
    if (callee.length > 128) c.fail(ERR_TOO_BIG);
    else this.ask(c, "asked", callee);
  }

  override waited(c: Call, answer: Answer, note: string): void {
    const at = note.indexOf(" "), step = note.substring(0, at), callee = note.substring(at + 1);
    const code = answer.status, body = answer.body;
    if (!answer.ok) c.fail(answer.code);
    else if (step == "paused") this.ask(c, "again", callee);
    else if (code == 503 && step == "asked") c.wait(c.sleep(20_000_000), "paused " + callee);
    else if (code == 403) c.refuse(403, "Says the Web");
    else if (code == 200 && body.length) {
      c.set("identity.ruri", body);
      c.setVariable("looked_up", body);
    } else if (code != 404) c.fail(ERR_IO);
  }
}

register(new Lookup());
