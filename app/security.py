"""What keeps a page and a session safe: headers, the session cookie, tokens, passwords, access declarations."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from app.config import Settings
from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l

# --- Headers -----------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def security_headers(*, production: bool) -> dict[str, str]:
    """The headers every response carries; HSTS (one year) only in production, where there is TLS."""
    if production:
        # Without includeSubDomains: the city's other sites under the same domain are not ours to bind.
        return {**_HEADERS, "Strict-Transport-Security": "max-age=31536000"}
    return dict(_HEADERS)


def init_app(app: Flask) -> None:
    """Give the app its encrypted session cookie and its response headers, as its SETTINGS say.

    While the session holds anything (someone signed in, answers given), pages are never stored by a browser or a
    proxy.
    """
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        SESSION_COOKIE_NAME="__Host-jiangtu" if settings.production else "jiangtu",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
    )
    app.session_interface = EncryptedSessionInterface()
    headers = security_headers(production=settings.production)

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers.extend(headers)
        # Static files must not touch the session: reading it adds `Vary: Cookie` and ends shared caching.
        if request.endpoint != "static" and session:
            response.headers["Cache-Control"] = "no-store"
        return response


# --- The session cookie ------------------------------------------------------------------------------------

# Browsers drop a cookie over 4096 bytes without a word; this leaves room for its attributes.
LARGEST_COOKIE = 3800


class SessionTooLargeError(RuntimeError):
    """The session would not fit a cookie; keep rows in the database and only their ids in the session."""


@functools.lru_cache(maxsize=8)
def _session_cipher(keys: tuple[str | bytes, ...]) -> MultiFernet:
    def fernet(secret: str | bytes) -> Fernet:
        material = secret.encode() if isinstance(secret, str) else secret
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"jiangtu session cookie 1")
        return Fernet(base64.urlsafe_b64encode(kdf.derive(material)))

    return MultiFernet([fernet(secret) for secret in keys])


class EncryptedSessionInterface(SecureCookieSessionInterface):
    """Flask's cookie session, but encrypted (Fernet), so that answers kept in it cannot be read from a browser.

    The key comes from SECRET_KEY by HKDF-SHA256; SECRET_KEY_FALLBACKS are still read. A cookie older than
    PERMANENT_SESSION_LIFETIME, altered or of an unknown key opens an empty session. A session that does not fit
    loses its flashed messages first; if it is still too large, saving raises SessionTooLargeError.
    """

    def _cipher(self, app: Flask) -> MultiFernet | None:
        if not app.secret_key:
            return None
        return _session_cipher((app.secret_key, *(app.config.get("SECRET_KEY_FALLBACKS") or ())))

    def _seal(self, cipher: MultiFernet, content: SessionMixin) -> str:
        tagged = self.serializer.tag(dict(content))
        compact = json.dumps(tagged, separators=(",", ":"), ensure_ascii=False)
        return cipher.encrypt(compact.encode()).decode("ascii")

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session in the request's cookie, an empty one if there is none to trust, or None without a key."""
        cipher = self._cipher(app)
        if cipher is None:
            return None
        value = request.cookies.get(self.get_cookie_name(app))
        if not value:
            return self.session_class()
        try:
            plain = cipher.decrypt(value, ttl=int(app.permanent_session_lifetime.total_seconds()))
            return self.session_class(self.serializer.loads(plain.decode()))
        except (InvalidToken, ValueError):
            return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set, refresh or remove the cookie."""
        if session.accessed:
            response.vary.add("Cookie")
        name = self.get_cookie_name(app)
        secure, partitioned = self.get_cookie_secure(app), self.get_cookie_partitioned(app)
        domain, path = self.get_cookie_domain(app), self.get_cookie_path(app)
        samesite, httponly = self.get_cookie_samesite(app), self.get_cookie_httponly(app)
        if not session:
            if session.modified:
                response.delete_cookie(
                    name,
                    domain=domain,
                    path=path,
                    secure=secure,
                    partitioned=partitioned,
                    samesite=samesite,
                    httponly=httponly,
                )
                response.vary.add("Cookie")
            return
        if not self.should_set_cookie(app, session):
            return
        cipher = self._cipher(app)
        if cipher is None:  # pragma: no cover - Flask's null session refuses changes before this
            raise RuntimeError("SECRET_KEY is not set.")
        value = self._seal(cipher, session)
        if len(name) + len(value) > LARGEST_COOKIE and session.pop("_flashes", None) is not None:
            app.logger.warning("the session was too large and lost its flashed messages")
            value = self._seal(cipher, session)
        if len(name) + len(value) > LARGEST_COOKIE:
            raise SessionTooLargeError(f"The session cookie would take {len(value)} of {LARGEST_COOKIE} bytes.")
        response.set_cookie(
            name,
            value,
            expires=self.get_expiration_time(app, session),
            domain=domain,
            path=path,
            secure=secure,
            partitioned=partitioned,
            samesite=samesite,
            httponly=httponly,
        )
        response.vary.add("Cookie")


# --- Where to go next --------------------------------------------------------------------------------------


def safe_next(target: str | None, default: str) -> str:
    """The path to go to after signing in: `target` if it is a path of this site, else `default`."""
    if not target or len(target) > 2000 or not target.startswith("/"):
        return default
    if "\\" in target or any(c.isspace() or unicodedata.category(c) in {"Cc", "Cf"} for c in target):
        return default
    # A second slash could begin another host's name once the path is joined or tidied up.
    if "//" in re.split(r"[?#]", target, maxsplit=1)[0]:
        return default
    return target


# --- Single-use tokens -------------------------------------------------------------------------------------

# No letter or digit that another could be read as in print: 0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B.
DESK_ALPHABET = "3479ACDEFHJKMNPQRTUVWXY"
DESK_LENGTH = 8


def new_token() -> str:
    """A secret for a link: 256 random bits, safe in a URL. Store only `hash_token` of it."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What to store and look up: SHA-256 (32 bytes); enough because the token itself is random."""
    return hashlib.sha256(token.encode()).digest()


def new_desk_code() -> str:
    """A single-use code a person carries home on paper: 8 characters, about 36 bits.

    Too short for a bare hash: store `pii.vault().blind_index(code, purpose)`, expire it, and limit attempts.
    """
    return "".join(secrets.choice(DESK_ALPHABET) for _ in range(DESK_LENGTH))


def format_desk_code(code: str) -> str:
    """The code as printed: ABCD-EFGH."""
    return f"{code[:4]}-{code[4:]}"


def read_desk_code(text: str) -> str | None:
    """The code someone typed, in any case, with or without dash, blanks or full-width letters, or None."""
    half_width = unicodedata.normalize("NFKC", text).upper()
    code = "".join(c for c in half_width if not c.isspace() and unicodedata.category(c) not in {"Pd", "Cf"})
    return code if len(code) == DESK_LENGTH and set(code) <= set(DESK_ALPHABET) else None


# --- Passwords ---------------------------------------------------------------------------------------------

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128

# Above the OWASP minimum for argon2id (19 MiB, 2 passes, 1 lane); one lane, as web processes share few cores.
_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)

_COMMON = """
    00000000 11111111 12341234 11223344 12345678 123456789 1234567890 87654321 88888888 66666666 99999999
    98765432 987654321 0123456789 123123123 112233445566 147258369 159357456 147852369 31415926 5201314520
    52013145 13145200 1qaz2wsx 1q2w3e4r 1q2w3e4r5t qwertyui qwertyuiop qwer1234 asdfghjk asdfghjkl asdf1234
    zxcvbnm1 zaq12wsx q1w2e3r4 qweasdzxc qwe123456 asd123456 zxc123456 abc12345 abcd1234 abc123456
    abc123456789 abcdefgh a1234567 a12345678 a123456789 aa123456 aa12345678 aaa123456 123456aa 123456abc
    123456789a 12345678a 1234567a woaini520 woaini1314 woaini123 iloveyou iloveyou1 password password1
    password123 passw0rd p@ssw0rd p@ssword admin123 admin888 admin1234 admin@123 administrator welcome1
    welcome123 letmein1 sunshine princess football baseball superman dragon123 monkey123 shijiazhuang hebei123
    jiangtu1 jiangtu123 peixun123 zhongguo zhongguo123 china123 test1234 user1234 guest1234 changeme changeme123
"""
_COMMON_PASSWORDS = frozenset(_COMMON.split())

register("password_too_short", _l("密码至少%(minimum)s个字符。"))
register("password_too_long", _l("密码最多%(maximum)s个字符。"))
register("password_is_login", _l("密码不能与登录名、手机号或邮箱相同。"))
register("password_too_common", _l("这个密码太常见，容易被猜中，请换一个。"))


def _as_typed_anywhere(password: str) -> str:
    # Full-width letters come from an input method left on: the same password must open the account without it.
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, logins: Iterable[str] = ()) -> None:
    """Refuse a new password that is easily guessed.

    Raises DomainError (field `password`) with password_too_short (below 8 characters), password_too_long (above
    128), password_is_login (one of `logins`, or the part of a mail address before the @) or password_too_common.
    """
    typed = _as_typed_anywhere(password)
    if len(typed) < SHORTEST_PASSWORD:
        raise DomainError("password_too_short", field="password", minimum=SHORTEST_PASSWORD)
    if len(typed) > LONGEST_PASSWORD:
        raise DomainError("password_too_long", field="password", maximum=LONGEST_PASSWORD)
    folded = typed.casefold()
    names = {_as_typed_anywhere(login).strip().casefold() for login in logins}
    if folded in names | {name.partition("@")[0] for name in names}:
        raise DomainError("password_is_login", field="password")
    if folded in _COMMON_PASSWORDS or len(set(folded)) < 3:
        raise DomainError("password_too_common", field="password")


def hash_password(password: str) -> str:
    """The argon2id hash to store; raises ValueError above 128 characters, which `check_password` refuses first."""
    typed = _as_typed_anywhere(password)
    if len(typed) > LONGEST_PASSWORD:
        raise ValueError(f"A password has at most {LONGEST_PASSWORD} characters.")
    return _hasher.hash(typed)


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password opens the account; pass None for an unknown account, which takes the same work."""
    typed = _as_typed_anywhere(password)
    if len(typed) > LONGEST_PASSWORD:
        return False
    try:
        _hasher.verify(stored or _nobodys_hash(), typed)
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's: hash again while the password is at hand."""
    return _hasher.check_needs_rehash(stored)


# --- Access declarations -----------------------------------------------------------------------------------

View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE = "__access_rule__"
_PERMISSION = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+")


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may call a view; `kinds` are tenant kinds, `permission` is `room:noun:verb`."""

    kind: Literal["anyone", "signed_in", "member"]
    kinds: frozenset[str] = frozenset()
    permission: str | None = None


class access:
    """Declares who may call a view; the request boundary enforces it and a guard test finds views without one."""

    @staticmethod
    def anyone(view: View) -> View:
        """Everyone, signed in or not."""
        return _declare(view, AccessRule("anyone"))

    @staticmethod
    def signed_in(view: View) -> View:
        """Anyone with an account."""
        return _declare(view, AccessRule("signed_in"))

    @staticmethod
    def member(*kinds: str, permission: str | None = None) -> Callable[[View], View]:
        """Members of a tenant of one of these kinds (none named: any kind) whose role has the permission.

        Raises ValueError for a permission that is not `room:noun:verb`, TypeError without the parentheses.
        """
        if not all(isinstance(kind, str) for kind in kinds):
            raise TypeError("Write @access.member(...) with parentheses.")
        if permission is not None and not _PERMISSION.fullmatch(permission):
            raise ValueError(f"A permission is room:noun:verb, not {permission!r}.")
        rule = AccessRule("member", frozenset(str(kind) for kind in kinds), permission)
        return lambda view: _declare(view, rule)


def _declare(view: View, rule: AccessRule) -> View:
    if rule_of(view) is not None:
        raise TypeError(f"{view.__qualname__} declares its access twice.")
    setattr(view, _ATTRIBUTE, rule)
    return view


def rule_of(view: Callable[..., Any]) -> AccessRule | None:
    """The declaration of a view, or None if it has none; decorators made with functools.wraps keep it."""
    rule = getattr(view, _ATTRIBUTE, None)
    return rule if isinstance(rule, AccessRule) else None
