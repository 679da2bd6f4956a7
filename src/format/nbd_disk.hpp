// A disk behind an NBD server on a Unix socket, by libnbd.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <imgport/disk.hpp>

namespace imgport {

// Whether a server greets whoever connects, within that time. A socket alone is not enough: qemu-nbd listens before it
// opens the image.
bool nbd_server_answers(const std::string &socket, std::chrono::milliseconds patience);

// Whatever `keep_alive` holds lives as long as the disk.
Result<std::shared_ptr<Disk>> connect_nbd_disk(const std::string &socket, std::shared_ptr<void> keep_alive);

}  // namespace imgport
