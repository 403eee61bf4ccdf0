/** The page that asks for the password. */

import { ApiError, logIn } from "./api.ts";
import { base, homePage } from "./base.ts";
import { h, setText } from "./dom.ts";
import { exposeHandle } from "./handle.ts";
import { icon } from "./icons.ts";
import { strings } from "./strings.ts";

function loginForm(): HTMLElement {
  const password = h("input", {
    type: "password", id: "password", name: "password", autocomplete: "current-password", required: true,
    autofocus: true,
  });
  const wrong = h("p", { class: "form-error", role: "alert" });
  const button = h("button", { type: "submit", class: "button primary" }, strings.logIn);
  const submit = async (): Promise<void> => {
    button.disabled = true;
    setText(wrong, "");
    try {
      await logIn(password.value);
      location.assign(nextPage());
    } catch (error) {
      setText(wrong, messageOf(error));
      button.disabled = false;
      password.select();
    }
  };
  const form = h("form", {}, h("label", { for: "password" }, strings.password), password, wrong, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  return h("main", { class: "login" },
    h("div", { class: "brand" }, icon("logo", 28), h("span", {}, strings.brand)),
    h("div", { class: "login-card" }, h("h1", {}, strings.logIn), h("p", { class: "faint" }, strings.logInText), form));
}

function messageOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return strings.wrongPassword;
  if (error instanceof ApiError && error.status === 429) return strings.tooManyTries;
  return error instanceof ApiError ? error.message : strings.offlineTitle;
}

/** Only pages of this server: an address elsewhere could be somebody's trap. */
function nextPage(): string {
  const wanted = new URLSearchParams(location.search).get("next") ?? "";
  const home = homePage();
  try {
    const url = new URL(base + wanted, location.origin);
    const ours = url.origin === location.origin && url.pathname.startsWith(`${base}/`);
    return wanted.startsWith("/") && ours ? url.pathname + url.search : home;
  } catch {
    return home;
  }
}

document.title = strings.title(strings.logIn);
document.getElementById("page")!.replaceChildren(loginForm());
document.getElementById("password")!.focus();
exposeHandle(() => Promise.resolve(null));
