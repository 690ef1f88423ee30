#include "cdc/base/status.h"

#include <stddef.h>

static const char *const names[] = {
    [0] = "ok",
    [-SL_ENOMEM] = "out of memory",
    [-SL_EFORMAT] = "malformed input",
    [-SL_ETRUNC] = "truncated input",
    [-SL_ELIMIT] = "limit reached",
    [-SL_EUNSUPPORTED] = "not supported",
    [-SL_EINVAL] = "invalid value",
    [-SL_EIO] = "connection or file failed",
    [-SL_EAUTH] = "refused by the peer",
    [-SL_EGAP] = "changes are missing",
    [-SL_ESCHEMA] = "table layout uncertain",
    [-SL_ECORRUPT] = "checksum mismatch",
    [-SL_ESINK] = "refused by the sink",
    [-SL_ESTOPPED] = "stopped",
    [-SL_EFENCED] = "another writer took over",
    [-SL_ERULE] = "a rule failed on a row",
};

const char *sl_status_str(int status)
{
    if (status > 0 || -status >= (int)(sizeof(names) / sizeof(names[0]))) {
        return "unknown status";
    }
    return names[-status];
}
