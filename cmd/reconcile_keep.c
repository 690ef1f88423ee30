/* reconcile_keep.c - leaves what a run found beside the checkpoint, for the daemon's pages. */
#include "cmd/reconcile_private.h"
#include "sinks/reconciled.h"

enum { SL_WHOLE_SAMPLE = 100 }; /* percent */

static enum sl_reconcile_scope scope_of(const struct sl_reconcile_words *words)
{
    if (words->table_count > 0 || (words->sample > 0 && words->sample < SL_WHOLE_SAMPLE)) {
        return SL_SCOPE_PART;
    }
    return words->since_text != NULL ? SL_SCOPE_CHANGED : SL_SCOPE_ALL;
}

/* A run that was stopped or that failed has found nothing that could be told. */
void sl_reconcile_keep(const struct sl_reconcile *r, int rc, int status)
{
    const struct sl_reconcile_result result = {
        .ended_ms = sl_clock_wall_ms(r->clock),
        .took_ms = sl_clock_mono_ms(r->clock) - r->began_ms,
        .status = (uint64_t)status,
        .rows = r->compared,
        .drift = r->drifted,
        .mended = r->mended,
        .unsettled = r->unsettled,
    };
    struct sl_err err = {0};

    if (rc != SL_OK && rc != SL_RECONCILE_ENOUGH) {
        return;
    }
    if (sl_reconciled_write(r->sink, r->config->pipeline.name, scope_of(r->words), &result, &err) !=
        SL_OK) {
        sl_reconcile_say(r->report, "%s; the daemon's pages do not show this run", err.text);
    }
}
