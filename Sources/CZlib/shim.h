#ifndef RIFFLE_CZLIB_SHIM_H
#define RIFFLE_CZLIB_SHIM_H

#include <zlib.h>

#endif
