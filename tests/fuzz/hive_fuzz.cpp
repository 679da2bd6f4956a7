// A registry hive, as each of the hives of a Windows guest and as its boot configuration. The checksum of the header is
// mended, so that what lies behind it is reached.
#include <memory>
#include <string>
#include <vector>

#include "filesystem/mounted_tree.hpp"
#include "guest/windows.hpp"
#include "testing/hive.hpp"
#include "testing/memory_tree.hpp"

using namespace imgport;
using imgport::testing::HiveMaker;
using imgport::testing::MemoryTree;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size < 4096 || size > 256 * 1024)
        return 0;
    std::string hive(reinterpret_cast<const char *>(data), size);
    HiveMaker::mend_checksum(hive);
    auto const files = std::make_shared<MemoryTree>();
    for (const char *name : {"SYSTEM", "SOFTWARE", "SAM"})
        files->file(std::string("/Windows/System32/config/") + name, hive);
    files->file("/Boot/BCD", hive).file("/EFI/Microsoft/Boot/BCD", hive);
    MountedTree tree(files);
    GuestFacts guest;
    guest.os.id = "windows";
    read_windows(tree, guest);
    std::vector<WindowsVolume> volumes;
    volumes.push_back({"/dev/sda1", std::make_unique<MountedTree>(files), {}});
    (void)read_windows_boot(volumes);
    return 0;
}
