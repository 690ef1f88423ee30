"""zstd by way of the system's library, without any of the program's code: for the oracle."""
import ctypes
import ctypes.util

from .place import Failure

MAGIC = b"\x28\xb5\x2f\xfd"
UNKNOWN = (1 << 64) - 1  # and the one before it: no size in the frame, or no frame
LIMIT = 1 << 30


def _load():
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    size = ctypes.c_size_t
    for name, result, arguments in (
            ("ZSTD_getFrameContentSize", ctypes.c_uint64, (ctypes.c_char_p, size)),
            ("ZSTD_findFrameCompressedSize", size, (ctypes.c_char_p, size)),
            ("ZSTD_getDictID_fromFrame", ctypes.c_uint, (ctypes.c_char_p, size)),
            ("ZSTD_getDictID_fromDict", ctypes.c_uint, (ctypes.c_char_p, size)),
            ("ZSTD_isError", ctypes.c_uint, (size,)),
            ("ZSTD_createDCtx", ctypes.c_void_p, ()),
            ("ZSTD_decompress_usingDict", size, (ctypes.c_void_p, ctypes.c_char_p, size, ctypes.c_char_p, size, ctypes.c_char_p, size)),
            ("ZSTD_compressBound", size, (size,)),
            ("ZSTD_compress", size, (ctypes.c_char_p, size, ctypes.c_char_p, size, ctypes.c_int))):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_zstd = _load()
_context = _zstd.ZSTD_createDCtx()


def is_frame(value):
    return value[:4] == MAGIC


def dictionary_id(frame):
    return _zstd.ZSTD_getDictID_fromFrame(frame, len(frame))


def compress(value, level=3):
    room = ctypes.create_string_buffer(_zstd.ZSTD_compressBound(len(value)))
    size = _zstd.ZSTD_compress(room, len(room), value, len(value), level)
    return room.raw[:size]


def plain(value, dictionary=None):
    """What VALUE stands for. DICTIONARY, a function, gives the bytes of the one with an id."""
    if not is_frame(value):
        return value
    size = _zstd.ZSTD_getFrameContentSize(value, len(value))
    if size >= UNKNOWN - 1 or size > LIMIT:
        raise Failure(f"a frame does not say its size: {value[:40]!r}")
    if _zstd.ZSTD_findFrameCompressedSize(value, len(value)) != len(value):
        raise Failure(f"a value is not exactly one frame: {value[:40]!r} of {len(value)} bytes")
    known = b""
    if dictionary_id(value):
        known = dictionary(dictionary_id(value)) if dictionary else None
        if not known or _zstd.ZSTD_getDictID_fromDict(known, len(known)) != dictionary_id(value):
            raise Failure(f"the dictionary {dictionary_id(value)} of a frame is not there: {value[:40]!r}")
    room = ctypes.create_string_buffer(size or 1)
    got = _zstd.ZSTD_decompress_usingDict(_context, room, size, value, len(value), known, len(known))
    if _zstd.ZSTD_isError(got) or got != size:
        raise Failure(f"a frame is damaged: {value[:40]!r}")
    return room.raw[:size]
