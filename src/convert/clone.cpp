#include "convert/clone.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include "format/reading.hpp"

namespace imgport {

bool clone_file(const Source &source, int output, Format target)
{
    auto const format = source.facts().format;
    bool const plain = format == Format::raw || format == Format::iso;
    if (!plain || target != Format::raw || source.file().size() % sector_size != 0)
        return false;
    return ::ioctl(output, FICLONE, source.fd()) == 0;
}

}  // namespace imgport
