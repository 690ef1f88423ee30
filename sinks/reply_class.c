#include "sinks/reply_class.h"

#include <stddef.h>
#include <string.h>

struct known {
    const char *prefix;
    enum sl_reply_class class;
    const char *remedy;
};

/* The first word of an error is its code (src/server.c of Redis: shared objects). */
static const struct known table[] = {
    {"OOM", SL_REPLY_WAIT, "raise maxmemory, or let it evict keys that are not sluice's"},
    {"LOADING", SL_REPLY_WAIT, "it is loading its data; wait"},
    {"MISCONF", SL_REPLY_WAIT, "mend what keeps Redis from saving to disk (see its log)"},
    {"BUSY ", SL_REPLY_WAIT, "a script is running; wait or use SCRIPT KILL"},
    {"MASTERDOWN", SL_REPLY_MOVED, "point sluice at the master"},
    {"READONLY", SL_REPLY_MOVED, "this is a replica: point sluice at the master"},
    {"NOREPLICAS", SL_REPLY_WAIT, "too few replicas are in sync (min-replicas-to-write)"},
    {"TRYAGAIN", SL_REPLY_WAIT, ""},
    {"CLUSTERDOWN", SL_REPLY_WAIT, "the cluster is down; wait for it or mend it"},
    {"MOVED", SL_REPLY_BROKEN, "this is a Redis Cluster, which this version cannot write to"},
    {"ASK", SL_REPLY_BROKEN, "this is a Redis Cluster, which this version cannot write to"},
    {"CROSSSLOT", SL_REPLY_BROKEN, "this is a Redis Cluster, which this version cannot write to"},
    {"NOAUTH", SL_REPLY_REFUSED, "set the sink's password_env or password_file"},
    {"WRONGPASS", SL_REPLY_REFUSED, "correct the sink's user or password"},
    {"ERR invalid password", SL_REPLY_REFUSED, "correct the sink's password"},
    {"ERR Client sent AUTH", SL_REPLY_REFUSED, "the server has no password: remove the sink's"},
    {"ERR AUTH", SL_REPLY_REFUSED, "the server has no password: remove the sink's"},
    {"NOPERM", SL_REPLY_REFUSED,
     "give the user's ACL the rights that the documentation lists (@write @read @transaction, "
     "keys)"},
    {"WRONGTYPE", SL_REPLY_BROKEN,
     "something else wrote a value of another type there: remove that key and start again"},
    {"ERR max number of clients", SL_REPLY_WAIT, "raise maxclients"},
    {"ERR DB index is out of range", SL_REPLY_BROKEN,
     "correct the database number in the sink's url"},
};

static const struct known *find(const char *text)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strncmp(text, table[i].prefix, strlen(table[i].prefix)) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

enum sl_reply_class sl_reply_classify(const char *text)
{
    const struct known *known = find(text);

    return known != NULL ? known->class : SL_REPLY_BROKEN;
}

const char *sl_reply_remedy(const char *text)
{
    const struct known *known = find(text);

    return known != NULL ? known->remedy : "";
}
