#include "cmd/reload.h"

#include "cmd/fit.h"
#include "cmd/log_setup.h"
#include "conf/changes.h"

static void log_refusal(const char *path, const struct sl_err_list *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        sl_log_text_of(SL_LOG_OF_CONFIG, SL_LOG_ERROR, errors->items[i].text);
    }
    sl_log_of(SL_LOG_OF_CONFIG, SL_LOG_ERROR,
              "the configuration was not reloaded: what is wrong with it stands above; mend it and "
              "send SIGHUP again, continuing with the old one",
              "file=%s", path);
}

struct sl_shared_config *sl_reload_read(const char *path, const struct sl_config *running)
{
    struct sl_config *config = NULL;
    struct sl_err_list errors = {0};
    int rc = sl_config_load(path, &config, &errors);

    rc = rc == SL_OK ? sl_config_check_reload(running, config, &errors) : rc;
    if (rc == SL_OK && !sl_fit_all(config)) {
        rc = SL_EINVAL;
    }
    if (rc != SL_OK) {
        log_refusal(path, &errors);
        sl_config_free(config);
        config = NULL;
    } else {
        sl_log_setup_from(config);
    }
    sl_err_list_release(&errors);
    return config != NULL ? sl_shared_config_new(config) : NULL;
}
