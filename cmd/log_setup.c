#include "cmd/log_setup.h"

void sl_log_setup_from(const struct sl_config *config)
{
    const struct sl_config_log *log = &config->log;

    sl_log_setup(log->level, log->format);
    for (int i = 0; i < SL_LOG_MODULES; i++) {
        if (log->levels[i] > 0) {
            sl_log_set_level((enum sl_log_module)i, (enum sl_log_level)(log->levels[i] - 1));
        }
    }
    for (size_t i = 0; i < config->warnings.count; i++) {
        sl_log_text_of(SL_LOG_OF_CONFIG, SL_LOG_WARN, config->warnings.items[i].text);
    }
}
