#ifndef RIFFLE_ALLOCATION_COUNTER_H
#define RIFFLE_ALLOCATION_COUNTER_H

#include <stdint.h>

/* Counts calls of the C allocator in this process, on all threads, while counting is on. For tests only. */

void allocation_counter_start(void);

/* Ends counting and returns how many allocations there were since the start; giving memory back is not counted. */
uint64_t allocation_counter_stop(void);

#endif
