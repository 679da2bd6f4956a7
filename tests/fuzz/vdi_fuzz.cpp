#include "fuzz/disk_fuzz.hpp"

using namespace imgport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const file = fuzz::memory_file(std::as_bytes(std::span(data, size)));
    if (file)
        fuzz::drive_disk(vdi_reader, *file);
    return 0;
}
