#include "event_decoder.h"

#include <simdjson.h>

extern "C" void riffle_simdjson_version(int32_t version[3]) {
    version[0] = simdjson::SIMDJSON_VERSION_MAJOR;
    version[1] = simdjson::SIMDJSON_VERSION_MINOR;
    version[2] = simdjson::SIMDJSON_VERSION_REVISION;
}
