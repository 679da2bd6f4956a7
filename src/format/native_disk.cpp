#include "format/native_disk.hpp"

#include <fmt/format.h>

#include "format/qcow2_disk.hpp"
#include "format/raw_disk.hpp"
#include "format/vdi_disk.hpp"
#include "format/vhd_disk.hpp"
#include "format/vhdx_disk.hpp"
#include "format/vmdk_disk.hpp"

namespace imgport {

Result<std::shared_ptr<Disk>> open_native_disk(const InputFile &file, const ImageFacts &facts,
                                               std::shared_ptr<ImageCache> cache, std::shared_ptr<Disk> backing)
{
    switch (facts.format) {
    case Format::raw:
    case Format::iso: return open_raw_disk(file, file.size());
    case Format::qcow2: return open_qcow2_disk(file, std::move(cache), std::move(backing));
    case Format::vhd: return open_vhd_disk(file, std::move(cache), facts.virtual_size.value_or(0));
    case Format::vhdx: return open_vhdx_disk(file, std::move(cache));
    case Format::vdi: return open_vdi_disk(file, std::move(cache));
    case Format::vmdk:
        if (facts.details.vmdk && facts.details.vmdk->embedded_descriptor)
            return open_vmdk_sparse_disk(file, std::move(cache));
        break;
    case Format::qcow:
    case Format::qed:
    case Format::parallels:
    case Format::dmg:
    case Format::ova:
    case Format::archive:
    case Format::unknown: break;
    }
    return fail(ErrorCode::unsupported,
                fmt::format("{} {} is not read by itself", to_string(facts.format), facts.variant));
}

}  // namespace imgport
