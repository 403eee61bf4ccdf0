// The clients of Feathers as they come from npm, each towards one server.

import { feathers } from "@feathersjs/feathers";
import rest from "@feathersjs/rest-client";
import socketio from "@feathersjs/socketio-client";
import { io } from "socket.io-client";

/**
 * A client and how it is closed.
 *
 * `kind` is rest, websocket, polling, or upgrade (polling first, as socket.io does by itself);
 * `more` are options of socket.io.
 */
export function connect(kind, url, more = {}) {
  const app = feathers();
  if (kind === "rest") {
    app.configure(rest(url).fetch(fetch));
    return { app, values: app.service("values"), close: () => undefined };
  }
  const transports = kind === "upgrade" ? ["polling", "websocket"] : [kind];
  const socket = io(url, { transports, forceNew: true, reconnection: false, ...more });
  app.configure(socketio(socket));
  return { app, socket, values: app.service("values"), close: () => socket.close() };
}

/** The result of `work`, or the error with which it was refused. */
export async function outcome(work) {
  try {
    return await work();
  } catch (error) {
    return error;
  }
}

/** Resolves with the arguments of the next `event`. */
export function next(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...given) => resolve(given)));
}
