"""Which literals are no sentences for an operator, and why. Whatever is not here must stand in docs/runbook.md."""
import re

ASKED = "SQL, and the words for what is asked: they stand in `cannot … on source …`"
COMPARED = "what a server says is compared with it"
FIX = "what mends it, in the line behind the sentence"
HELP = "the help text"
OK = "says that all is well"
ANSWER = "the answer that was asked for, not an error"
STATE = "a change of state, at level info"

# Files whose literals are something else.
FILES = {
    "cdc/base/status.c": "names of statuses, for where a module gave no sentence",
    "conf/keys.c": "what keys are for: the schema and the manual page",
    "conf/describe.c": "the schema",
    "cmd/metrics.c": "metrics",
    "cmd/metrics_histograms.c": "metrics",
    "cmd/metrics_observed.c": "metrics",
    "cmd/metrics_tables.c": "metrics",
    "cmd/reconcile_metrics.c": "metrics",
    "cmd/explain_text.c": ANSWER,
    "cmd/explain_facts.c": ANSWER,
    "cmd/status_reconciled.c": ANSWER,
    "cmd/pages.c": "pages; SHOWN has what keeps them from being there",
    "cmd/progress.c": "the progress bar",
}

# Calls whose literals are something else.
CALLS = {
    "_Static_assert": "for who builds it",
    "sl_buf_add_str": "pieces of SQL and of states",
    "sl_buf_add_format": "pieces of SQL and of states",
    "sl_client_query": ASKED,
    "sl_client_value": ASKED,
    "ask": ASKED,
    "ask_of_table": ASKED,
    "run": ASKED,
    "printf": ANSWER,
    "strstr": COMPARED,
}

# Shown, though FILES or CALLS leave out what is around them.
SHOWN = re.compile(r"^http\.listen: |^it is not to be had$|^--metrics: ")

# (file, call, what precedes the literal, literal): regular expressions that have to be found, and why it is out.
PLACES = [
    (r"^cdc/preflight|^sinks/redis_check", r"^say$", r"^\w+ , SL_CHECK_OK , ", "", OK),
    (r"^cmd/check", r"^sl_check_print_say$", r"\bSL_CHECK_OK , ", "", OK),
    (r"^cdc/preflight|^sinks/redis_check", r"^say$", r'^\w+ , [^,]+ , (?:""|"[^"]*") , (?:.* \? )?$', "", FIX),
    (r"^cmd/check", r"^sl_check_print_say$", r'^[\w >-]+ , SL_CHECK_\w+ , "\w+" , $', "", FIX),
    (r"preflight|redis_check|check_", r"^snprintf$", "", r"^(?:ALTER TABLE|GRANT|ACL SETUSER|run sluice train) ", FIX),
    (r"^cdc/preflight", r"^snprintf$", "", r"^\(and the same under", FIX),
    ("", r"^sl_log$", r"^SL_LOG_INFO ", "", STATE),
    ("", r"^sl_log_of$", r"^SL_LOG_OF_\w+ , SL_LOG_DEBUG ", "", "a change of state, at level debug"),
    ("", r"^sl_log(?:_of)?$", "", r"^pipeline=", "pairs of a log line"),
    ("", r"^sl_snapshot_notice$", r"^[^,]+ , false , $", "", STATE),
    (r"^cdc/reader_load", r"^snprintf$", "", r"is loaded again after a DDL statement$", STATE),
    ("", "", "", r"^(?:SHOW|SELECT|GRANT|SET (?:PERSIST|GLOBAL)|ON (?:DELETE|UPDATE)) ", "SQL"),
    (r"^cmd/", "", "", r"^(?:Usage: |\) -)", HELP),
    (r"^cmd/", r"^$", r"^$", r"^[a-z][^:]*(?:while rows change|what is wrong|of a row of it|as JSON|what drifted|SIGTERM or SIGINT|up to where"
     r"|needs no Redis|is compressed with)$", HELP),
    (r"^cmd/main", r"^fprintf$", "", r"keeps Redis|Options:|see sluice|this text", HELP),
    (r"^cmd/(?:get|bootstrap_job|reconcile_words|reconcile_report)", r"^f(?:puts|printf)$", "",
     r"^(?:going on|a daemon is at work|the daemon is gone|stopped|sluice reconcile: a sample|033|so that |sluice get: there is no key)", ANSWER),
    (r"^cmd/bootstrap_job", r"^$", "", r'^(?:nothing was loaded|its keys were removed); its "value"', ANSWER),
    (r"^cdc/source_error", r"^$", "",
     r"^(?:[a-z ]*purged[a-z ]*|same server_uuid/server_id|could not find .*|which is not in the master's binlog|than the \w+ has"
     r"|position > file size|binary log is not open|GTID_MODE = OFF|master doesn't have replication log|bogus data in log event"
     r"|truncated in the middle of event|is missing the GTID|event read from binlog did not pass|reset by peer)$", COMPARED),
    (r"^sinks/reply_class", "", "", r"^ERR ", COMPARED),
    (r"^filters/encode_redis", "", "", r"^if redis\.call", "a script for Redis"),
    (r"^cdc/client/probe", r"^sl_source_error_stream$", "", r"^its first file$", "a place of the log"),
]


def fits(place, sentence):
    path, call, before, text, _ = place
    return bool(re.search(path, sentence.path) and re.search(call, sentence.call) and re.search(before, sentence.before)
                and re.search(text, sentence.text))


def reason(sentence):
    """Why SENTENCE is not for the runbook; None when it is."""
    if SHOWN.search(sentence.text):
        return None
    if sentence.path in FILES or sentence.call in CALLS:
        return FILES.get(sentence.path) or CALLS[sentence.call]
    return next((place[4] for place in PLACES if fits(place, sentence)), None)
