"""Masks of columns, as they are configured and as functions of the text that make what is shown (oracle.Table.mask)."""
import hashlib
import hmac

KEY = "a key that is long enough"


def last(count):
    """Stars but for the last COUNT characters."""
    def shown(raw):
        text = raw.decode()
        hidden = len(text) - count if len(text) > count else len(text)
        return ("*" * hidden + text[hidden:]).encode()

    return {"last": count}, shown


def text(shown):
    return {"text": shown}, lambda raw: shown.encode()


DIGEST = ({"sha256": KEY}, lambda raw: hmac.new(KEY.encode(), raw, hashlib.sha256).hexdigest().encode())
NOTHING = ("null", lambda raw: None)
