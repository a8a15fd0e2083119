/* Everything between clone and exec, descriptor passing, and system calls that Swift cannot make.
 *
 * Every function returns 0 (or a count, where it says so) or -errno, unless its comment says otherwise.
 * Pointers are read during the call only. Every descriptor that is handed back has O_CLOEXEC and belongs to the caller. */
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include "csandbox_command.h"
#include "csandbox_descriptors.h"
#include "csandbox_launch.h"
#include "csandbox_spawn.h"
#include "csandbox_steps.h"

int csandbox_version(void);

#endif
