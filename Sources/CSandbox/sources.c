/* Mount sources, taken while the host's tree is still visible. */
#include <string.h>

#include "internal.h"

#define OPEN_TREE_CLONE_FLAG 1
#define AT_RECURSIVE_FLAG 0x8000
#define AT_EMPTY_PATH_FLAG 0x1000
#define MOVE_FROM_EMPTY_PATH 0x4
#define FSOPEN_CLOEXEC_FLAG 1
#define FSMOUNT_CLOEXEC_FLAG 1
#define SET_STRING 1
#define CREATE 6
#define ATTR_RDONLY 0x1ULL
#define ATTR_NOSUID 0x2ULL
#define ATTR_NODEV 0x4ULL
#define ATTR_NOEXEC 0x8ULL

/* A new file system, mounted nowhere yet. `options` are name and value in turn, NULL at the end. */
int csandbox_new_mount(const char *type, const char *const *options, uint64_t attributes) {
    int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC_FLAG);
    if (context < 0)
        return -1;
    int mount = -1;
    for (; options != NULL && options[0] != NULL; options += 2) {
        if (syscall(SYS_fsconfig, context, SET_STRING, options[0], options[1], 0) < 0)
            goto done;
    }
    if (syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) < 0)
        goto done;
    mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC_FLAG, attributes);
done:;
    int error = errno;
    close(context);
    errno = error;
    return mount;
}

int csandbox_attach(int mount, int directory, const char *path) {
    return (int)syscall(SYS_move_mount, mount, "", directory, path, MOVE_FROM_EMPTY_PATH);
}

int csandbox_set_attributes(int mount, uint64_t set, int recursive) {
    struct csandbox_mount_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.set = set;
    unsigned flags = AT_EMPTY_PATH_FLAG | (recursive ? AT_RECURSIVE_FLAG : 0);
    return (int)syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes);
}

/* A detached copy. Recursive: in a new user namespace mounts are locked together, and a copy without its children is
 * refused, mount_namespaces(7). */
int csandbox_copy_mount(const char *path) {
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE_FLAG | AT_RECURSIVE_FLAG | O_CLOEXEC);
}

/* sources[index] stays -1 for an optional source that does not exist. */
static int take_bind(const struct csandbox_bind *bind, int *source) {
    if (bind->source_fd >= 0) {
        *source = bind->source_fd;
    } else {
        *source = csandbox_copy_mount(bind->source);
        if (*source < 0 && (bind->flags & CSANDBOX_BIND_OPTIONAL) != 0 && (errno == ENOENT || errno == ENOTDIR))
            return 0;
        if (*source < 0)
            return CSANDBOX_STEP_BIND_SOURCE;
    }
    uint64_t set = ATTR_NOSUID;
    if ((bind->flags & CSANDBOX_BIND_READ_ONLY) != 0)
        set |= ATTR_RDONLY;
    if ((bind->flags & CSANDBOX_BIND_DEVICE) == 0)
        set |= ATTR_NODEV;
    CSANDBOX_TRY(CSANDBOX_STEP_BIND_ATTRIBUTES, csandbox_set_attributes(*source, set, 1));
    return 0;
}

/* /proc is made here too: the kernel allows it in a user namespace only while another /proc is wholly visible.
 * Other users' processes are hidden where the kernel can (5.8). */
static int take_special(int *special) {
    static const char *const hidden[] = {"hidepid", "invisible", NULL};
    static const char *const terminals[] = {"ptmxmode", "0666", "mode", "0620", NULL};
    uint64_t attributes = ATTR_NOSUID | ATTR_NODEV | ATTR_NOEXEC;
    special[CSANDBOX_PROC] = csandbox_new_mount("proc", hidden, attributes);
    if (special[CSANDBOX_PROC] < 0 && errno == EINVAL)
        special[CSANDBOX_PROC] = csandbox_new_mount("proc", NULL, attributes);
    CSANDBOX_TRY(CSANDBOX_STEP_PROC, special[CSANDBOX_PROC]);
    special[CSANDBOX_DEVPTS] = csandbox_new_mount("devpts", terminals, ATTR_NOSUID | ATTR_NOEXEC);
    CSANDBOX_TRY(CSANDBOX_STEP_DEVPTS, special[CSANDBOX_DEVPTS]);
    return 0;
}

int csandbox_child_take_sources(const struct csandbox_plan *plan, int *sources, int *special) {
    for (uint32_t index = 0; index < plan->bind_count; index++) {
        int step = take_bind(&plan->binds[index], &sources[index]);
        if (step != 0)
            return step;
    }
    return take_special(special);
}
