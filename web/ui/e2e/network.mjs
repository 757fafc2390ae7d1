// A network that can go away, between a publishing page and the server: every packet of the page's WebRTC connections
// goes through a relay here. The browser's own emulation leaves WebRTC alone.
import { createSocket } from 'node:dgram';

/** Puts the relay into a page's WHIP exchange; `cut` loses every packet, `mend` lets them through again. */
export async function network(context) {
  let up = true;
  const sockets = [];
  const relays = new Map();

  const open = (onmessage) =>
    new Promise((resolve) => {
      const s = createSocket('udp4', onmessage);
      sockets.push(s);
      s.bind(0, '127.0.0.1', () => resolve(s));
    });

  /** The port that stands for the server's `port`. */
  async function relay(port) {
    const clients = new Map();
    const front = await open(async (packet, from) => {
      if (!up) return;
      if (!clients.has(from.port)) clients.set(from.port, open((answer) => up && front.send(answer, from.port, from.address)));
      (await clients.get(from.port)).send(packet, port, '127.0.0.1');
    });
    return front.address().port;
  }

  const candidate = /^a=candidate:.*\r?\n/gm;
  await context.route(/\/whip(\/|$)/, async (route) => {
    if (!up) return route.abort('internetdisconnected');
    const request = route.request();
    // Without the page's own candidates the server has no way past the relay.
    const answer = await route.fetch({ postData: request.postData()?.replace(candidate, '') });
    let body = await answer.text();
    for (const [line] of body.matchAll(candidate)) {
      const words = line.split(' ');
      const port = words[5];
      if (words[2].toLowerCase() === 'udp' && !relays.has(port)) relays.set(port, await relay(Number(port)));
      words[4] = '127.0.0.1';
      words[5] = String(relays.get(port));
      body = body.replace(line, words[2].toLowerCase() === 'udp' ? words.join(' ') : '');
    }
    await route.fulfill({ response: answer, body });
  });
  return {
    async cut() {
      up = false;
      await context.setOffline(true);
    },
    async mend() {
      up = true;
      await context.setOffline(false);
    },
    close: () => sockets.forEach((s) => s.close()),
  };
}
