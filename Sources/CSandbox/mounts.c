/* The root file system of a sandbox: created, entered, and sealed. */
#include <sys/mount.h>

#include "internal.h"

#define ATTR_RDONLY 0x1ULL
#define ATTR_NOSUID 0x2ULL
#define ATTR_NODEV 0x4ULL

/* Child: an empty tmpfs becomes the root; the host's tree stays reachable through *old_root until it is detached. */
int csandbox_child_root(const struct csandbox_plan *plan, int *root, int *old_root) {
    char digits[24];
    digits[sizeof digits - 1] = '\0';
    const char *size = csandbox_decimal(plan->root_bytes, digits + sizeof digits - 1);
    const char *const options[] = {"mode", "0755", "size", size, NULL};
    *root = csandbox_new_mount("tmpfs", options, ATTR_NOSUID | ATTR_NODEV);
    CSANDBOX_TRY(CSANDBOX_STEP_ROOT_CREATE, *root);
    /* Somewhere to stand while the roots change places; /tmp exists on every host. */
    CSANDBOX_TRY(CSANDBOX_STEP_ROOT_ATTACH, csandbox_attach(*root, AT_FDCWD, "/tmp"));
    *old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    CSANDBOX_TRY(CSANDBOX_STEP_PIVOT_ROOT, *old_root);
    CSANDBOX_TRY(CSANDBOX_STEP_PIVOT_ROOT, fchdir(*root));
    /* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one. */
    CSANDBOX_TRY(CSANDBOX_STEP_PIVOT_ROOT, (int)syscall(SYS_pivot_root, ".", "."));
    return 0;
}

/* Child: nothing of the host stays reachable and the root can no longer be changed. */
int csandbox_child_seal_root(int root, int old_root) {
    CSANDBOX_TRY(CSANDBOX_STEP_DETACH_HOST, fchdir(old_root));
    CSANDBOX_TRY(CSANDBOX_STEP_DETACH_HOST, umount2(".", MNT_DETACH));
    CSANDBOX_TRY(CSANDBOX_STEP_DETACH_HOST, fchdir(root));
    close(old_root);
    CSANDBOX_TRY(CSANDBOX_STEP_ROOT_READ_ONLY, csandbox_set_attributes(root, ATTR_RDONLY, 0));
    return 0;
}

/* Child: what in /proc changes the system becomes read-only. The sysctls of the network namespace belong to the owner of
 * its user namespace, and that is the uid of everything in the sandbox: it could lower ip_unprivileged_port_start and
 * bind beside our listeners. The others belong to root and are closed for the case that root itself is the caller. */
int csandbox_child_seal_proc(void) {
    static const char *const paths[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"};
    for (unsigned index = 0; index < sizeof paths / sizeof paths[0]; index++) {
        int copy = csandbox_copy_mount(paths[index]);
        if (copy < 0 && errno == ENOENT && index > 0) /* not built into every kernel; /proc/sys is */
            continue;
        CSANDBOX_TRY(CSANDBOX_STEP_PROC, copy);
        CSANDBOX_TRY(CSANDBOX_STEP_PROC, csandbox_set_attributes(copy, ATTR_RDONLY, 1));
        CSANDBOX_TRY(CSANDBOX_STEP_PROC, csandbox_attach(copy, AT_FDCWD, paths[index]));
        close(copy);
    }
    return 0;
}
