#ifndef RIFFLE_ALLOCATION_COUNTER_H
#define RIFFLE_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* Counts calls of the C allocator on the threads that are watched, while counting is on. For tests only: other threads of the
   process, such as those of tests that run at the same time, do not disturb it. */

/* Begins or ends watching the calling thread. */
void allocation_counter_watch_thread(bool is_watched);

void allocation_counter_start(void);

/* Ends counting and returns how many allocations there were since the start; giving memory back is not counted. */
uint64_t allocation_counter_stop(void);

#endif
