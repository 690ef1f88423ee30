#include "conf/keys.h"

#include "conf/config.h"
#include "conf/loader.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define TIB (MIB * 1024 * 1024)

/* A member of STRUCT: where it is and how large. */
#define AT(type, member) \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

#define HIDDEN SL_CONF_HIDE_VALUE

static const struct sl_conf_choice source_tls_modes[] = {
    {.name = "disabled", .value = SL_TLS_DISABLED},
    {.name = "preferred", .value = SL_TLS_PREFERRED},
    {.name = "required", .value = SL_TLS_REQUIRED},
    {.name = "verify_ca", .value = SL_TLS_VERIFY_CA},
    {.name = "verify_identity", .value = SL_TLS_VERIFY_IDENTITY},
    {.name = NULL},
};

static const struct sl_conf_choice sink_tls_modes[] = {
    {.name = "required", .value = SL_TLS_REQUIRED},
    {.name = "verify_ca", .value = SL_TLS_VERIFY_CA},
    {.name = "verify_identity", .value = SL_TLS_VERIFY_IDENTITY},
    {.name = NULL},
};

static const struct sl_conf_choice gap_policies[] = {
    {.name = "stop", .value = SL_GAP_STOP},
    {.name = "bootstrap", .value = SL_GAP_BOOTSTRAP},
    {.name = NULL},
};

static const struct sl_conf_choice drop_policies[] = {
    {.name = "keep", .value = SL_DROP_KEEP},
    {.name = "remove", .value = SL_DROP_REMOVE},
    {.name = NULL},
};

static const struct sl_conf_choice value_kinds[] = {
    {.name = "hash", .value = SL_VALUE_HASH},
    {.name = "json", .value = SL_VALUE_JSON},
    {.name = "rejson", .value = SL_VALUE_REJSON},
    {.name = "stream", .value = SL_VALUE_STREAM},
    {.name = "invalidate", .value = SL_VALUE_INVALIDATE},
    {.name = NULL},
};

static const struct sl_conf_choice codecs[] = {
    {.name = "none", .value = SL_COMPRESS_NONE},
    {.name = "zstd", .value = SL_COMPRESS_ZSTD},
    {.name = "zstd-dict", .value = SL_COMPRESS_DICT},
    {.name = NULL},
};

static const struct sl_conf_choice rule_errors[] = {
    {.name = "stop", .value = SL_RULE_STOP},
    {.name = "quarantine", .value = SL_RULE_QUARANTINE},
    {.name = NULL},
};

static const struct sl_conf_choice log_levels[] = {
    {.name = "error", .value = SL_LOG_ERROR},
    {.name = "warn", .value = SL_LOG_WARN},
    {.name = "info", .value = SL_LOG_INFO},
    {.name = "debug", .value = SL_LOG_DEBUG},
    {.name = NULL},
};

static const struct sl_conf_choice log_formats[] = {
    {.name = "logfmt", .value = SL_LOG_LOGFMT},
    {.name = "json", .value = SL_LOG_JSON},
    {.name = NULL},
};

/* clang-format off */
const struct sl_conf_key sl_conf_keys[] = {
    {.path = "pipeline", .type = SL_CONF_STRING, .flags = SL_CONF_REQUIRED, .min = 1, .max = 64,
     .take = sl_conf_take_name, AT(sl_config, pipeline.name),
     .help = "Names the checkpoint, the lease and the metrics label: letters, digits, \"_\", \"-\" and \".\"."},
    {.path = "start", .type = SL_CONF_STRING, .min = 1, .max = MIB, .fallback = "bootstrap",
     .take = sl_conf_take_start, AT(sl_config, pipeline.start),
     .help = "Where to begin without a checkpoint: \"bootstrap\" (now, and all tables are loaded while the stream goes on), "
             "\"now\" (rows that do not change from then on are not in the cache), "
             "\"earliest\" (the oldest binary log that the server still has), \"FILE:POS\", a MySQL GTID set or a MariaDB GTID list."},
    {.path = "on_gap", .type = SL_CONF_CHOICE, .fallback = "bootstrap", .choices = gap_policies,
     AT(sl_config, pipeline.on_gap),
     .help = "What to do when changes are missing that cannot be had any more: \"bootstrap\" goes on at the end of the log and loads "
             "all tables again, \"stop\" leaves with exit status 5."},
    {.path = "on_drop", .type = SL_CONF_CHOICE, .fallback = "keep", .choices = drop_policies,
     AT(sl_config, pipeline.on_drop),
     .help = "What to do with the keys of a table that no entry of tables chooses any more: \"keep\" leaves them as they are, "
             "\"remove\" removes them."},
    {.path = "memory_limit", .type = SL_CONF_BYTES, .unit = "bytes", .min = 16 * MIB, .max = TIB, .fallback = "256MiB",
     AT(sl_config, pipeline.memory_limit_bytes),
     .help = "What rows on their way may take together, whatever the size of transactions."},
    {.path = "max_transaction_bytes", .type = SL_CONF_BYTES, .unit = "bytes", .min = 64 * KIB, .max = TIB, .fallback = "64MiB",
     AT(sl_config, pipeline.max_transaction_bytes),
     .help = "Larger transactions are written in several steps."},
    {.path = "batch_bytes", .type = SL_CONF_BYTES, .unit = "bytes", .min = 4 * KIB, .max = 64 * MIB, .fallback = "128KiB",
     AT(sl_config, pipeline.batch_bytes),
     .help = "How much is gathered before a batch goes to Redis while an earlier one is under way; at most max_transaction_bytes."},
    {.path = "lease_ms", .type = SL_CONF_INTEGER, .unit = "milliseconds", .min = 1000, .max = 600000, .fallback = "10000",
     AT(sl_config, pipeline.lease_ms),
     .help = "After how long a standby takes over from a writer that fell silent."},

    {.path = "source", .type = SL_CONF_OBJECT, .flags = SL_CONF_REQUIRED,
     .help = "The MySQL or MariaDB server whose binary log is read."},
    {.path = "source.host", .type = SL_CONF_STRING, .min = 1, .max = 255, .fallback = "127.0.0.1", AT(sl_config, source.host),
     .help = "Host name or address."},
    {.path = "source.port", .type = SL_CONF_INTEGER, .min = 1, .max = 65535, .fallback = "3306", AT(sl_config, source.port),
     .help = "TCP port."},
    {.path = "source.user", .type = SL_CONF_STRING, .flags = SL_CONF_REQUIRED, .min = 1, .max = 128, AT(sl_config, source.user),
     .help = "Account with REPLICATION SLAVE, REPLICATION CLIENT and SELECT."},
    {.path = "source.password", .type = SL_CONF_SECRET, AT(sl_config, source.password),
     .help = "The password itself; better password_env or password_file."},
    {.path = "source.password_env", .type = SL_CONF_SECRET_ENV, AT(sl_config, source.password),
     .help = "Name of the environment variable that holds the password."},
    {.path = "source.password_file", .type = SL_CONF_SECRET_FILE, AT(sl_config, source.password),
     .help = "File that holds the password; a line end behind it does not count."},
    {.path = "source.server_id", .type = SL_CONF_INTEGER, .min = 1, .max = UINT32_MAX, AT(sl_config, source.server_id),
     .help = "Must differ from that of every other replica of the source; sinks after the first count up from it. Default: derived from host, pipeline and sink names."},
    {.path = "source.heartbeat_ms", .type = SL_CONF_INTEGER, .unit = "milliseconds", .min = 100, .max = 60000, .fallback = "1000",
     AT(sl_config, source.heartbeat_ms),
     .help = "How often an idle source is asked to show that it is alive."},
    {.path = "source.connect_timeout_ms", .type = SL_CONF_INTEGER, .unit = "milliseconds", .min = 100, .max = 600000, .fallback = "10000",
     AT(sl_config, source.connect_timeout_ms),
     .help = "How long one attempt to connect may take."},
    {.path = "source.tls", .type = SL_CONF_OBJECT, .help = "Encryption of the connection to the source."},
    {.path = "source.tls.mode", .type = SL_CONF_CHOICE, .fallback = "preferred", .choices = source_tls_modes, AT(sl_config, source.tls.mode),
     .help = "\"preferred\" encrypts when the server can, \"verify_ca\" also checks its certificate and \"verify_identity\" its name."},
    {.path = "source.tls.ca", .type = SL_CONF_STRING, .min = 1, .max = 4096, AT(sl_config, source.tls.ca),
     .help = "PEM file with the certificate authorities to trust."},
    {.path = "source.tls.cert", .type = SL_CONF_STRING, .min = 1, .max = 4096, AT(sl_config, source.tls.cert),
     .help = "PEM file with the client's certificate; needs key."},
    {.path = "source.tls.key", .type = SL_CONF_STRING, .min = 1, .max = 4096, AT(sl_config, source.tls.key),
     .help = "PEM file with the client's private key; needs cert."},

    {.path = "sinks", .type = SL_CONF_OBJECTS, .flags = SL_CONF_REQUIRED, .min = 1, .max = 64,
     .offset = offsetof(struct sl_config, sinks), .size = sizeof(struct sl_redis_options),
     .count_offset = offsetof(struct sl_config, sink_count),
     .help = "The Redis servers to keep; each has its own checkpoint and does not wait for the others."},
    {.path = "sinks[].name", .type = SL_CONF_STRING, .min = 1, .max = 64, .fallback = "main", .take = sl_conf_take_name,
     AT(sl_redis_options, name),
     .help = "Names the sink in messages and metrics; differs between sinks."},
    {.path = "sinks[].url", .type = SL_CONF_STRING, .flags = SL_CONF_REQUIRED | HIDDEN, .min = 1, .max = 4096, .take = sl_conf_take_url,
     AT(sl_redis_options, host),
     .help = "redis://[user@]host[:port][/db], rediss:// (the same with TLS) or redis+unix:///path[?db=N]."},
    {.path = "sinks[].password", .type = SL_CONF_SECRET, AT(sl_redis_options, password),
     .help = "The password itself; better password_env or password_file."},
    {.path = "sinks[].password_env", .type = SL_CONF_SECRET_ENV, AT(sl_redis_options, password),
     .help = "Name of the environment variable that holds the password; empty for none."},
    {.path = "sinks[].password_file", .type = SL_CONF_SECRET_FILE, AT(sl_redis_options, password),
     .help = "File that holds the password; a line end behind it does not count."},
    {.path = "sinks[].connect_timeout_ms", .type = SL_CONF_INTEGER, .unit = "milliseconds", .min = 100, .max = 600000, .fallback = "5000",
     AT(sl_redis_options, connect_timeout_ms),
     .help = "How long one attempt to connect may take."},
    {.path = "sinks[].tls", .type = SL_CONF_OBJECT, .help = "How a rediss:// server is checked."},
    {.path = "sinks[].tls.mode", .type = SL_CONF_CHOICE, .fallback = "verify_identity", .choices = sink_tls_modes, AT(sl_redis_options, tls.mode),
     .help = "\"verify_identity\" checks the server's certificate and name, \"verify_ca\" the certificate, \"required\" nothing."},
    {.path = "sinks[].tls.ca", .type = SL_CONF_STRING, .min = 1, .max = 4096, AT(sl_redis_options, tls.ca),
     .help = "PEM file with the certificate authorities to trust. Default: the system's."},
    {.path = "sinks[].tls.cert", .type = SL_CONF_STRING, .min = 1, .max = 4096, AT(sl_redis_options, tls.cert),
     .help = "PEM file with the client's certificate; needs key."},
    {.path = "sinks[].tls.key", .type = SL_CONF_STRING, .min = 1, .max = 4096, AT(sl_redis_options, tls.key),
     .help = "PEM file with the client's private key; needs cert."},

    {.path = "tables", .type = SL_CONF_OBJECTS, .flags = SL_CONF_REQUIRED, .min = 1, .max = 10000,
     .offset = offsetof(struct sl_config, tables), .size = sizeof(struct sl_table_rule),
     .count_offset = offsetof(struct sl_config, table_count),
     .help = "What to keep; the first entry that matches a table decides, tables that none matches are left out."},
    {.path = "tables[].table", .type = SL_CONF_STRING, .flags = SL_CONF_REQUIRED, .min = 3, .max = 256, .take = sl_conf_take_table,
     AT(sl_table_rule, pattern),
     .help = "\"DATABASE.TABLE\"; \"*\" stands for any characters, \"?\" for one. \"/REGEX/\": a Perl-compatible regular expression that the whole of DATABASE.TABLE has to match."},
    {.path = "tables[].skip", .type = SL_CONF_BOOLEAN, .fallback = "false", AT(sl_table_rule, skip),
     .help = "true: the tables of this entry are left out, though an entry behind it may match them. Takes no other key but table."},
    {.path = "tables[].key", .type = SL_CONF_STRING, .min = 1, .max = 1024, .fallback = "{db}:{table}:{pk}", .take = sl_conf_take_template,
     AT(sl_table_rule, key_template),
     .help = "The key of a row: {db}, {table} (rewritten: {table:/REGEX/REPLACEMENT/}), {pk} (the primary key's columns joined with \":\") and {column}; \"{{\" and \"}}\" are braces themselves."},
    {.path = "tables[].value", .type = SL_CONF_CHOICE, .fallback = "hash", .choices = value_kinds, AT(sl_table_rule, value),
     .help = "\"hash\": a hash a row, a field a column. \"json\": a string a row, a JSON object. \"rejson\": the same object as a document of the server's JSON type. \"invalidate\": no value, a change removes the key, which others fill. \"stream\": no value, each change is an entry of a Redis Stream."},
    {.path = "tables[].columns", .type = SL_CONF_STRINGS, .min = 1, .max = 4096,
     .offset = offsetof(struct sl_table_rule, columns), .count_offset = offsetof(struct sl_table_rule, column_count),
     .help = "The columns to keep. Default: all."},
    {.path = "tables[].except", .type = SL_CONF_STRINGS, .min = 1, .max = 4096,
     .offset = offsetof(struct sl_table_rule, except), .count_offset = offsetof(struct sl_table_rule, except_count),
     .help = "Instead of columns: the columns to leave out; all others are kept, also those that a table gets later."},
    {.path = "tables[].rename", .type = SL_CONF_MAP, .min = 1, .max = 4096, .take = sl_conf_take_rename,
     .schema = "{ \"type\": \"string\", \"minLength\": 1 }",
     .offset = offsetof(struct sl_table_rule, renames), .count_offset = offsetof(struct sl_table_rule, rename_count),
     .help = "Columns whose field or member has another name: { \"column\": \"name\" }. Keys and where know them by their own."},
    {.path = "tables[].mask", .type = SL_CONF_MAP, .flags = HIDDEN, .min = 1, .max = 4096, .take = sl_conf_take_mask,
     .schema = "{ \"anyOf\": [{ \"enum\": [\"null\"] }, { \"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, "
               "\"additionalProperties\": false, \"properties\": { \"text\": { \"type\": \"string\" }, \"sha256\": { \"type\": \"string\" }, "
               "\"sha256_file\": { \"type\": \"string\" }, \"last\": { \"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000 } } }] }",
     .offset = offsetof(struct sl_table_rule, masks), .count_offset = offsetof(struct sl_table_rule, mask_count),
     .help = "Columns that are not shown as they are: \"null\", {\"text\": …}, {\"sha256\": KEY} or {\"sha256_file\": PATH} (HMAC-SHA-256 in hexadecimal), {\"last\": N} (stars but for the last N characters). None may be part of the key."},
    {.path = "tables[].index", .type = SL_CONF_MAP, .flags = SL_CONF_TEMPLATES, .min = 1, .max = 32, .take = sl_conf_take_index,
     .schema = "{ \"anyOf\": [{ \"type\": \"string\", \"minLength\": 1, \"maxLength\": 1024 }, { \"type\": \"object\", "
               "\"minProperties\": 1, \"maxProperties\": 1, \"additionalProperties\": false, \"properties\": { \"set\": "
               "{ \"type\": \"string\", \"minLength\": 1, \"maxLength\": 1024 } } }] }",
     .offset = offsetof(struct sl_table_rule, indexes), .count_offset = offsetof(struct sl_table_rule, index_count),
     .help = "Further keys that lead to a row, by the same templates as key: { \"by_email:{email}\": \"{id}\" } is a string, { \"of:{user_id}\": { \"set\": \"{id}\" } } a set with a member a row. A row with NULL in a column of the key has none."},
    {.path = "tables[].where", .type = SL_CONF_STRING, .min = 1, .max = 4096, .take = sl_conf_take_where,
     AT(sl_table_rule, where),
     .help = "A Lua 5.4 expression over the row's columns: rows for which it is not true are not in the cache. Default: every row is."},
    {.path = "tables[].transform", .type = SL_CONF_STRING, .min = 1, .max = 16384, .take = sl_conf_take_transform,
     AT(sl_table_rule, transform),
     .help = "A Lua 5.4 function, \"function(row) … end\": it gets the row, with all its columns, and returns what the cache shows, or nil for a row that is not in the cache. Instead of columns, except, rename and mask."},
    {.path = "tables[].transform_file", .type = SL_CONF_STRING, .min = 1, .max = 4096, .take = sl_conf_take_transform_file,
     AT(sl_table_rule, transform),
     .help = "Instead of transform: a file of Lua that returns the function. Its path begins in the folder of the configuration."},
    {.path = "tables[].on_error", .type = SL_CONF_CHOICE, .fallback = "stop", .choices = rule_errors, AT(sl_table_rule, on_error),
     .help = "What to do when where or transform fails on a row: \"stop\" leaves with exit status 5, \"quarantine\" keeps the row out of the cache, counts it and says so once."},
    {.path = "tables[].ttl", .type = SL_CONF_INTEGER, .unit = "seconds", .min = 1, .max = 3153600000, AT(sl_table_rule, ttl_s),
     .help = "Keys expire this long after their row's last change. Default: never."},
    {.path = "tables[].ttl_jitter", .type = SL_CONF_INTEGER, .unit = "seconds", .max = 3153600000, .fallback = "0", AT(sl_table_rule, ttl_jitter_s),
     .help = "Up to so many seconds more until a key expires, at most ttl: how many follows from the key, so that keys that are written together do not expire together."},
    {.path = "tables[].redelete_ms", .type = SL_CONF_INTEGER, .unit = "milliseconds", .max = 86400000, .fallback = "1000", AT(sl_table_rule, redelete_ms),
     .help = "With value \"invalidate\": how long after a change the key is removed once more; 0: it is not."},
    {.path = "tables[].stream", .type = SL_CONF_STRING, .min = 1, .max = 1024, .fallback = "changes:{db}:{table}", .take = sl_conf_take_stream,
     AT(sl_table_rule, stream),
     .help = "With value \"stream\": the stream's name, of {db} and {table} (rewritten: {table:/REGEX/REPLACEMENT/})."},
    {.path = "tables[].maxlen", .type = SL_CONF_INTEGER, .unit = "entries", .min = 1, .max = 9007199254740992, AT(sl_table_rule, max_len),
     .help = "With value \"stream\": about how many entries it keeps; older ones go. Default: all."},
    {.path = "tables[].compress", .type = SL_CONF_CHOICE, .fallback = "none", .choices = codecs, AT(sl_table_rule, compress),
     .help = "\"zstd\": a value (of a hash: of a field) that gets shorter by it is a zstd frame, which any zstd library reads. \"zstd-dict\": made with the dictionary of the table, which sluice train makes."},
    {.path = "tables[].compress_level", .type = SL_CONF_INTEGER, .min = 1, .max = 19, .fallback = "3", AT(sl_table_rule, compress_level),
     .help = "How hard zstd tries: 1 is fast, 19 small and slow."},
    {.path = "tables[].min_bytes", .type = SL_CONF_BYTES, .unit = "bytes", .max = 512 * MIB, .fallback = "64", AT(sl_table_rule, min_bytes),
     .help = "Shorter values are not compressed."},

    {.path = "snapshot", .type = SL_CONF_OBJECT, .help = "How tables are loaded while the stream goes on."},
    {.path = "snapshot.parallel", .type = SL_CONF_INTEGER, .min = 1, .max = 16, .fallback = "2", AT(sl_config, pipeline.snapshot.parallel),
     .help = "How many tables are loaded at the same time; each takes a connection to the source, for each sink."},
    {.path = "snapshot.chunk_ms", .type = SL_CONF_INTEGER, .unit = "milliseconds", .min = 10, .max = 60000, .fallback = "500",
     AT(sl_config, pipeline.snapshot.chunk_ms),
     .help = "How long one SELECT should take; chunks grow and shrink to that."},
    {.path = "snapshot.max_threads_running", .type = SL_CONF_INTEGER, .max = 100000, .fallback = "25",
     AT(sl_config, pipeline.snapshot.max_threads_running),
     .help = "Loading pauses while more threads than this run at the source (Threads_running); 0: no limit."},
    {.path = "snapshot.max_lag_seconds", .type = SL_CONF_INTEGER, .unit = "seconds", .max = 86400, .fallback = "10",
     AT(sl_config, pipeline.snapshot.max_lag_s),
     .help = "Loading pauses while the stream is further behind than this; 0: no limit."},
    {.path = "snapshot.rate", .type = SL_CONF_INTEGER, .unit = "rows a second", .max = 1000000000, .fallback = "0",
     AT(sl_config, pipeline.snapshot.rate),
     .help = "How fast a table is read at most; 0: no limit."},

    {.path = "http", .type = SL_CONF_OBJECT, .help = "Pages of the daemon: /metrics, /healthz, /readyz, /status.json. Default: none."},
    {.path = "http.listen", .type = SL_CONF_STRING, .flags = SL_CONF_REQUIRED, .min = 1, .max = 255, .take = sl_conf_take_listen,
     AT(sl_config, http.host),
     .help = "HOST:PORT to listen on, an IPv6 address in brackets. Anybody who reaches it can read the pages; they show no rows."},
    {.path = "http.max_lag_seconds", .type = SL_CONF_INTEGER, .unit = "seconds", .min = 1, .max = 86400, .fallback = "60",
     AT(sl_config, http.max_lag_s),
     .help = "A sink that is further behind than this is not fresh: /readyz answers 503."},

    {.path = "log", .type = SL_CONF_OBJECT, .help = "What goes to stderr."},
    {.path = "log.level", .type = SL_CONF_CHOICE, .fallback = "info", .choices = log_levels, AT(sl_config, log.level),
     .help = "The least urgent lines to write."},
    {.path = "log.format", .type = SL_CONF_CHOICE, .fallback = "logfmt", .choices = log_formats, AT(sl_config, log.format),
     .help = "\"logfmt\" is key=value, \"json\" an object a line."},
};
/* clang-format on */

const size_t sl_conf_key_count = sizeof(sl_conf_keys) / sizeof(sl_conf_keys[0]);
