/*
 * identity.h - who holds a lease, so that a process that died on this machine need not be waited
 * for.
 */
#ifndef SLUICE_SINKS_IDENTITY_H
#define SLUICE_SINKS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

enum { SL_IDENTITY_MAX = 160 };

/* "HOST/BOOT.PIDNS/PID.START": unique among all processes that ever were. No spaces. */
void sl_identity_make(char *out, size_t size);

/* True when IDENTITY is certainly of a process that is gone: same boot, same pid namespace, no such
 * process. */
bool sl_identity_is_dead(const char *identity, const char *mine);

#endif
