/* Giving up what is left: limits, capabilities, privileges. */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "internal.h"

static int apply_limit(const struct csandbox_limit *limit) {
    struct rlimit current;
    if (getrlimit((__rlimit_resource_t)limit->resource, &current) < 0)
        return -1;
    struct rlimit wanted = {(rlim_t)limit->soft, (rlim_t)limit->hard};
    if (wanted.rlim_max > current.rlim_max)
        wanted.rlim_max = current.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max)
        wanted.rlim_cur = wanted.rlim_max;
    return setrlimit((__rlimit_resource_t)limit->resource, &wanted);
}

/* The bounding set goes before the effective set: dropping from it needs CAP_SETPCAP, and so do the securebits. */
static int drop_capabilities(void) {
    for (unsigned long capability = 0; capability < 64; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
            if (errno == EINVAL && capability > 0) /* past the last one that this kernel knows */
                break;
            return CSANDBOX_STEP_BOUNDING_SET;
        }
    }
    CSANDBOX_TRY(CSANDBOX_STEP_AMBIENT_SET, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
        SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    CSANDBOX_TRY(CSANDBOX_STEP_SECUREBITS, prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(&header, 0, sizeof header);
    memset(data, 0, sizeof data);
    header.version = _LINUX_CAPABILITY_VERSION_3;
    CSANDBOX_TRY(CSANDBOX_STEP_CAPABILITIES, (int)syscall(SYS_capset, &header, data));
    return 0;
}

int csandbox_child_privileges(const struct csandbox_plan *plan) {
    CSANDBOX_TRY(CSANDBOX_STEP_SESSION, setsid());
    for (uint32_t index = 0; index < plan->limit_count; index++)
        CSANDBOX_TRY(CSANDBOX_STEP_LIMIT, apply_limit(&plan->limits[index]));
    int step = drop_capabilities();
    if (step != 0)
        return step;
    CSANDBOX_TRY(CSANDBOX_STEP_NO_NEW_PRIVILEGES, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

    /* Landlock goes here (CSANDBOX_STEP_LANDLOCK): after no_new_privs, which it needs, and before seccomp, which may
     * refuse its system calls. */

    /* seccomp goes here (CSANDBOX_STEP_SECCOMP): last, so that it does not have to allow anything of the above. */

    /* After the last change of credentials: each of them clears it, prctl(2). */
    CSANDBOX_TRY(CSANDBOX_STEP_PARENT_DEATH, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    return 0;
}
