#include "tests/support/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sinks/identity.h"

static void an_identity_is_of_one_process(void **state)
{
    char mine[SL_IDENTITY_MAX];
    char again[SL_IDENTITY_MAX];
    char host[65] = "";
    char pid[32];

    (void)state;
    sl_identity_make(mine, sizeof(mine));
    sl_identity_make(again, sizeof(again));
    assert_string_equal(mine, again);
    assert_null(strchr(mine, ' '));
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    assert_memory_equal(mine, host, strlen(host));
    (void)snprintf(pid, sizeof(pid), "/%ld.", (long)getpid());
    assert_non_null(strstr(mine, pid));
    assert_false(sl_identity_is_dead(mine, mine));
}

/* The identity of a child that lives until its standard input ends. */
static pid_t start_child(char out[SL_IDENTITY_MAX], int *hold)
{
    int there[2];
    int back[2];
    pid_t pid;

    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char mine[SL_IDENTITY_MAX] = "";
        char byte;

        (void)close(there[1]);
        sl_identity_make(mine, sizeof(mine));
        if (write(back[1], mine, sizeof(mine)) != (ssize_t)sizeof(mine)) {
            _exit(1);
        }
        (void)!read(there[0], &byte, 1);
        _exit(0);
    }
    (void)close(there[0]);
    (void)close(back[1]);
    assert_int_equal(read(back[0], out, SL_IDENTITY_MAX), SL_IDENTITY_MAX);
    (void)close(back[0]);
    *hold = there[1];
    return pid;
}

static void a_process_is_dead_once_it_is_gone(void **state)
{
    char mine[SL_IDENTITY_MAX];
    char child[SL_IDENTITY_MAX];
    int hold;
    pid_t pid = start_child(child, &hold);

    (void)state;
    sl_identity_make(mine, sizeof(mine));
    assert_string_not_equal(child, mine);
    assert_false(sl_identity_is_dead(child, mine));
    (void)close(hold);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(sl_identity_is_dead(child, mine));
}

static void a_number_that_was_given_again_is_a_dead_process(void **state)
{
    char mine[SL_IDENTITY_MAX];
    char other[SL_IDENTITY_MAX];
    char *start;

    (void)state;
    sl_identity_make(mine, sizeof(mine));
    memcpy(other, mine, sizeof(other));
    start = strrchr(other, '.');
    assert_non_null(start);
    start[1] = start[1] == '9' ? '8' : '9';
    assert_true(sl_identity_is_dead(other, mine));
}

/* Only certainty counts: everything that is not known to be of this machine may live. */
static void what_cannot_be_judged_is_alive(void **state)
{
    static const char *const cases[] = {
        "",
        "/",
        "host",
        "otherhost/boot.pid:[1]/1.1",
        "host/otherboot.pid:[1]/1.1",
        "host/boot.pid:[2]/1.1",
        "host/boot.pid:[1]/",
        "host/boot.pid:[1]/abc.1",
        "host/boot.pid:[1]/4000000",
        "host/boot.pid:[1]/-5.1",
        "host/boot.pid:[1]/0.1",
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        assert_false(sl_identity_is_dead(cases[i], "host/boot.pid:[1]/2.2"));
    }
    assert_true(sl_identity_is_dead("host/boot.pid:[1]/4194305.1", "host/boot.pid:[1]/2.2"));
    /* Without a boot id or a namespace two machines of one name look alike. */
    assert_false(sl_identity_is_dead("host/.pid:[1]/4194305.1", "host/.pid:[1]/2.2"));
    assert_false(sl_identity_is_dead("host/boot./4194305.1", "host/boot./2.2"));
    assert_false(sl_identity_is_dead("host/./4194305.1", "host/./2.2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_of_one_process),
        cmocka_unit_test(a_process_is_dead_once_it_is_gone),
        cmocka_unit_test(a_number_that_was_given_again_is_a_dead_process),
        cmocka_unit_test(what_cannot_be_judged_is_alive),
    };

    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
