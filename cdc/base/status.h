/*
 * status.h - result codes shared by every sluice module.
 *
 * Convention: a function that can fail returns int. 0 is success, a negative
 * enum sl_status is a failure, and a positive value is a non-error outcome
 * that the function's own comment names.
 */
#ifndef SLUICE_CDC_BASE_STATUS_H
#define SLUICE_CDC_BASE_STATUS_H

#define SL_MUSTCHECK __attribute__((warn_unused_result))

/* Positive outcomes that several interfaces share. */
#define SL_DONE  1 /* the end: no more events, no more input */
#define SL_AGAIN 2 /* nothing now: wait and call again */

enum sl_status {
    SL_OK = 0,
    SL_ENOMEM = -1,       /* an allocation failed */
    SL_EFORMAT = -2,      /* bytes from a peer or file are malformed */
    SL_ETRUNC = -3,       /* input ended inside a field */
    SL_ELIMIT = -4,       /* a configured or built-in limit was reached */
    SL_EUNSUPPORTED = -5, /* well-formed, but nothing that this program can decode */
    SL_EINVAL = -6,       /* a value given by the user is wrong (config, command line) */
    SL_EIO = -7,          /* a connection or file failed; trying again may help */
    SL_EAUTH = -8,        /* a peer refused us: credentials, privileges, identity */
    SL_EGAP = -9,         /* changes are missing that cannot be had any more */
    SL_ESCHEMA = -10,     /* the layout of a table is not known for certain */
    SL_ECORRUPT = -11,    /* a checksum does not match */
    SL_ESINK = -12,       /* the sink refused a write and trying again will not help */
    SL_ESTOPPED = -13,    /* interrupted because a stop was asked for */
    SL_EFENCED = -14,     /* another writer has taken over */
    SL_ERULE = -15,       /* a rule of the configuration cannot say what to do with a row */
};

/* Returns a static, human-readable name for STATUS; never NULL. */
const char *sl_status_str(int status);

#endif
