/*
 * reply_class.h - what an error reply of Redis means for a writer that must not lose anything.
 */
#ifndef SLUICE_SINKS_REPLY_CLASS_H
#define SLUICE_SINKS_REPLY_CLASS_H

enum sl_reply_class {
    SL_REPLY_WAIT,    /* the server cannot now and will later: try again from the checkpoint */
    SL_REPLY_MOVED,   /* this is not (or no longer) the server to write to: connect again */
    SL_REPLY_REFUSED, /* credentials or privileges: an operator must act */
    SL_REPLY_BROKEN,  /* the command can never succeed as things are: an operator must act */
};

/* TEXT is an error reply without its "-": "OOM command not allowed …". */
enum sl_reply_class sl_reply_classify(const char *text);

/* What to do about it, as the end of a sentence; "" when the server's own text says it. */
const char *sl_reply_remedy(const char *text);

#endif
