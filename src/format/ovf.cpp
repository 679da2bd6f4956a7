#include "format/ovf.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "format/archive.hpp"
#include "format/ovf_units.hpp"
#include "support/text.hpp"
#include "support/xml_tree.hpp"

namespace imgport {
namespace {

constexpr std::size_t most_files = 1024;
constexpr std::size_t most_items = 4096;
// No file and no disk is larger than 1 EiB; more is a number made to overflow somebody's arithmetic.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 60;

// DSP0243, 8.1: resource types of CIM_ResourceAllocationSettingData (DMTF DSP1041).
constexpr std::uint64_t ide_controller = 5;
constexpr std::uint64_t scsi_controller = 6;
constexpr std::uint64_t hard_disk = 17;
constexpr std::uint64_t sata_controller = 20;

Error broken(const XmlElement &element, std::string_view what, std::string message)
{
    Error error{ErrorCode::malformed, fmt::format("line {}: {}", element.line(), message)};
    error.field = fmt::format("{}/{}", element.name(), what);
    return error;
}

// An attribute that holds a size in bytes; 0 where it is absent.
Result<std::optional<std::uint64_t>> size_attribute(const XmlElement &element, std::string_view name)
{
    auto const text = element.attribute(name);
    if (!text || text->empty())
        return std::nullopt;
    auto const number = parse_number(*text);
    if (!number || *number > largest_size)
        return fail(broken(element, name, fmt::format("{} is no size in bytes", printable(*text, 40))));
    return *number;
}

struct File {
    std::string href;
    std::optional<std::uint64_t> size = {};
};

// A hardware item, as far as the order of disks depends on it.
struct Item {
    std::uint64_t type = 0;
    std::string instance = {};
    std::string parent = {};
    std::uint64_t address = 0;  // AddressOnParent of a disk, Address of a controller
    std::vector<std::string> resources = {};
    std::size_t position = 0;  // in the document
};

class Reader {
public:
    explicit Reader(ImageFacts &facts) : m_facts(facts) {}

    Result<void> read(const XmlElement &envelope)
    {
        if (auto done = read_files(envelope); !done)
            return done;
        if (auto done = read_disks(envelope); !done)
            return done;
        std::vector<XmlElement> systems;
        collect_systems(envelope, systems, 0);
        if (systems.size() > 1)
            add_hazard(
                m_facts, "several-systems", HazardSeverity::refuse,
                fmt::format("the OVF descriptor holds {} virtual machines: export them one by one", systems.size()));
        std::vector<std::string> order;
        if (!systems.empty()) {
            auto found = read_system(systems.front());
            if (!found)
                return fail(found.error());
            order = std::move(*found);
        }
        put_disks(order);
        return {};
    }

private:
    Result<void> read_files(const XmlElement &envelope)
    {
        auto const references = envelope.child("References");
        if (!references)
            return {};
        auto const files = references->children("File");
        if (files.size() > most_files)
            return fail(broken(*references, "File", fmt::format("more than {} files", most_files)));
        for (auto const &element : files) {
            auto const id = element.attribute("id").value_or("");
            auto const href = element.attribute("href").value_or("");
            if (href.empty())
                return fail(broken(element, "href", "the file has no name"));
            if (element.attribute("chunkSize")) {
                Error error = broken(element, "chunkSize", "a file in chunks is not supported");
                error.hint = "put the pieces together, and give the disk itself";
                return fail(error);
            }
            auto const size = size_attribute(element, "size");
            if (!size)
                return fail(size.error());
            auto const name = decode_href(href);
            if (!is_inside_package(href) || !is_safe_name(name))
                add_hazard(
                    m_facts, "unsafe-member", HazardSeverity::refuse,
                    fmt::format("the OVF descriptor names a file outside of the package: {}", printable(href, 200)));
            if (!m_files.emplace(id, File{name, *size}).second)
                return fail(broken(element, "id", fmt::format("two files have the id '{}'", printable(id, 80))));
        }
        return {};
    }

    Result<void> read_disks(const XmlElement &envelope)
    {
        auto const section = envelope.child("DiskSection");
        if (!section)
            return {};
        auto const disks = section->children("Disk");
        if (disks.size() > most_files)
            return fail(broken(*section, "Disk", fmt::format("more than {} disks", most_files)));
        for (auto const &element : disks) {
            OvfDisk disk;
            disk.disk_id = element.attribute("diskId").value_or("");
            if (auto done = read_capacity(element, disk); !done)
                return done;
            if (auto const populated = size_attribute(element, "populatedSize"); !populated)
                return fail(populated.error());
            if (auto const reference = element.attribute("fileRef"); reference && !reference->empty()) {
                auto const file = m_files.find(*reference);
                if (file == m_files.end())
                    return fail(broken(element, "fileRef",
                                       fmt::format("there is no file with the id '{}'", printable(*reference, 80))));
                disk.file = file->second.href;
                disk.file_size = file->second.size;
            }
            if (element.attribute("parentRef"))
                add_hazard(m_facts, "missing-parent", HazardSeverity::refuse,
                           fmt::format("disk {} is a delta of another one (parentRef)", printable(disk.disk_id, 80)));
            m_disk_order.push_back(disk.disk_id);
            if (!m_disks.emplace(disk.disk_id, disk).second)
                return fail(
                    broken(element, "diskId", fmt::format("two disks have the id '{}'", printable(disk.disk_id, 80))));
        }
        return {};
    }

    // Section 9.1: the capacity counts capacityAllocationUnits; it may be a property that is chosen at deployment.
    static Result<void> read_capacity(const XmlElement &element, OvfDisk &disk)
    {
        auto const text = element.attribute("capacity").value_or("");
        if (text.empty() || text.starts_with("${"))
            return {};
        auto const units = element.attribute("capacityAllocationUnits").value_or("byte");
        auto const unit = bytes_per_unit(units);
        if (!unit)
            return fail(broken(element, "capacityAllocationUnits",
                               fmt::format("{} is no unit of bytes", printable(units, 80))));
        auto const number = parse_number(text);
        auto const bytes = number ? checked_mul(*number, *unit) : std::nullopt;
        if (!bytes || *bytes > largest_size)
            return fail(broken(element, "capacity", fmt::format("{} is no capacity", printable(text, 80))));
        disk.capacity = *bytes;
        return {};
    }

    static void collect_systems(const XmlElement &element, std::vector<XmlElement> &systems, unsigned depth)
    {
        constexpr unsigned deepest = 8;
        for (auto const &child : element.children()) {
            if (child.name() == "VirtualSystem" || (depth == 0 && child.name() == "Content"))
                systems.push_back(child);
            else if (child.name() == "VirtualSystemCollection" && depth < deepest)
                collect_systems(child, systems, depth + 1);
        }
    }

    // The ids of the disks, in the order in which the machine has them.
    Result<std::vector<std::string>> read_system(const XmlElement &system)
    {
        OvfDetails &details = *m_facts.details.ovf;
        auto const name = system.child("Name");
        details.name = name ? name->text() : system.attribute("id").value_or("");
        std::vector<Item> items;
        for (auto const &section : system.children("VirtualHardwareSection")) {
            if (auto done = read_items(section, items); !done)
                return fail(done.error());
            for (auto const &config : section.children("Config")) {
                if (config.attribute("key") == "firmware")
                    set_firmware(config.attribute("value").value_or(""));
            }
        }
        // VirtualBox keeps its own description of the machine beside the standard one.
        for (auto const &machine : system.children("Machine")) {
            auto const hardware = machine.child("Hardware");
            auto const firmware = hardware ? hardware->child("Firmware") : std::nullopt;
            if (firmware)
                set_firmware(firmware->attribute("type").value_or(""));
        }
        auto disks = sort_disks(items);
        put_boot_disk_first(system, disks);
        std::vector<std::string> ids;
        for (auto const &disk : disks) {
            for (auto const &resource : disk.resources) {
                auto id = disk_of(resource);
                if (!id)
                    return fail(id.error());
                if (!id->empty() && std::find(ids.begin(), ids.end(), *id) == ids.end())
                    ids.push_back(std::move(*id));
            }
        }
        return ids;
    }

    static Result<void> read_items(const XmlElement &section, std::vector<Item> &items)
    {
        auto const text = [](const XmlElement &element, std::string_view name) {
            auto const child = element.child(name);
            return child ? child->text() : std::string();
        };
        for (auto const &element : section.children()) {
            // OVF 2 calls the disks' items StorageItem. An item with a bound is a range, not a device (8.3).
            if ((element.name() != "Item" && element.name() != "StorageItem") || element.attribute("bound"))
                continue;
            if (items.size() == most_items)
                return fail(broken(section, "Item", fmt::format("more than {} items", most_items)));
            Item item;
            item.type = parse_number(text(element, "ResourceType")).value_or(0);
            item.instance = text(element, "InstanceID");
            if (item.instance.empty())
                item.instance = text(element, "InstanceId");
            item.parent = text(element, "Parent");
            auto const address = text(element, item.type == hard_disk ? "AddressOnParent" : "Address");
            item.address = parse_number(address).value_or(0);
            for (auto const &resource : element.children("HostResource"))
                item.resources.push_back(resource.text());
            item.position = items.size();
            items.push_back(std::move(item));
        }
        return {};
    }

    void set_firmware(const std::string &value)
    {
        std::string const word = to_lower(value);  // VirtualBox: BIOS, EFI, EFI32, EFI64, EFIDUAL
        if (word == "bios")
            m_facts.details.ovf->firmware = "bios";
        else if (word.starts_with("efi") || word == "uefi")
            m_facts.details.ovf->firmware = "efi";
    }

    // By controller and address. The firmware of VirtualBox and of VMware looks at IDE first, then SATA, then SCSI.
    static std::vector<Item> sort_disks(const std::vector<Item> &items)
    {
        std::map<std::string, const Item *> controllers;
        for (auto const &item : items)
            controllers.emplace(item.instance, &item);
        auto const key = [&](const Item &disk) {
            auto const found = controllers.find(disk.parent);
            const Item *const parent = found != controllers.end() ? found->second : nullptr;
            std::uint64_t const type = parent != nullptr ? parent->type : 0;
            int const rank = type == ide_controller ? 0 : type == sata_controller ? 1 : type == scsi_controller ? 2 : 3;
            return std::tuple(rank, parent != nullptr ? parent->address : 0, parent != nullptr ? parent->position : 0,
                              disk.address, disk.position);
        };
        std::vector<Item> disks;
        std::copy_if(items.begin(), items.end(), std::back_inserter(disks),
                     [](const Item &item) { return item.type == hard_disk; });
        std::sort(disks.begin(), disks.end(), [&](const Item &a, const Item &b) { return key(a) < key(b); });
        return disks;
    }

    // ovftool writes the boot order, where it was set, as sections that name the devices by instance.
    static void put_boot_disk_first(const XmlElement &system, std::vector<Item> &disks)
    {
        for (auto const &section : system.children("BootOrderSection")) {
            auto const instance = section.attribute("instanceId");
            auto const disk = std::find_if(disks.begin(), disks.end(),
                                           [&](const Item &item) { return instance && item.instance == *instance; });
            if (disk != disks.end()) {
                std::rotate(disks.begin(), disk, disk + 1);
                return;
            }
        }
    }

    // 8.3: "ovf:/disk/ID", or "ovf:/file/ID" for the contents of a file. Empty: the host's own affair.
    Result<std::string> disk_of(const std::string &resource)
    {
        auto const after = [&](std::string_view word) -> std::optional<std::string> {
            auto const at = resource.find(word);
            return at == std::string::npos ? std::nullopt : std::optional(resource.substr(at + word.size()));
        };
        auto const missing = [&] {
            Error error{ErrorCode::malformed, fmt::format("{} does not exist", printable(resource, 120))};
            error.field = "Item/HostResource";
            return error;
        };
        if (auto const id = after("/disk/"))
            return m_disks.contains(*id) ? Result<std::string>(*id) : fail(missing());
        auto const id = after("/file/");
        if (!id)
            return std::string();
        auto const file = m_files.find(*id);
        if (file == m_files.end())
            return fail(missing());
        std::string const made = "file:" + *id;
        m_disks.emplace(made, OvfDisk{*id, file->second.href, 0, file->second.size, false});
        return made;
    }

    void put_disks(std::vector<std::string> order)
    {
        // Disks that no device has come last.
        for (auto const &id : m_disk_order) {
            if (std::find(order.begin(), order.end(), id) == order.end())
                order.push_back(id);
        }
        auto &disks = m_facts.details.ovf->disks;
        for (auto const &id : order)
            disks.push_back(m_disks.at(id));
        // An empty disk (without a file) cannot boot.
        auto const first =
            std::find_if(disks.begin(), disks.end(), [](const OvfDisk &disk) { return !disk.file.empty(); });
        if (first != disks.end()) {
            first->bootable = true;
            std::rotate(disks.begin(), first, first + 1);
        }
    }

    ImageFacts &m_facts;
    std::map<std::string, File> m_files;
    std::map<std::string, OvfDisk> m_disks;
    std::vector<std::string> m_disk_order;  // ids, as the section lists them
};

bool recognise(Container &container)
{
    constexpr std::size_t head_size = 65536;
    std::uint64_t const size = container.size().value_or(head_size);
    auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(size, head_size));
    if (!container.has(0, length))
        return false;
    auto const head = container.read(0, length);
    return head && is_ovf(*head);
}

void describe(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    facts.variant = "descriptor";
    auto const size = container.size();
    if (!size || *size > longest_ovf) {
        set_error(facts, malformed(fmt::format("the OVF descriptor is longer than {}", human_size(longest_ovf)), {},
                                   "OVF descriptor"));
        return;
    }
    auto const text = container.read(0, static_cast<std::size_t>(*size));
    auto const done = text ? read_ovf(text_of(*text), facts) : fail(text.error());
    if (!done)
        set_error(facts, done.error());
}

}  // namespace

bool is_ovf(Bytes head)
{
    std::string_view text = text_of(head);
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    text = trim(text);
    // Both namespaces, DMTF's and the one of VMware's version 0.9, end like this.
    return text.starts_with('<') && text.find("Envelope") != std::string_view::npos &&
           (text.find("/ovf/envelope") != std::string_view::npos ||
            text.find("/schema/ovf/1/envelope") != std::string_view::npos);
}

Result<void> read_ovf(std::string_view text, ImageFacts &facts)
{
    facts.details.ovf.emplace();
    if (text.size() > longest_ovf)
        return fail(malformed(fmt::format("is longer than {}", human_size(longest_ovf)), {}, "OVF descriptor"));
    auto const document = XmlDocument::parse(text, "OVF descriptor");
    if (!document)
        return fail(document.error());
    if (document->root().name() != "Envelope")
        return fail(broken(document->root(), "", "an Envelope was expected"));
    return Reader(facts).read(document->root());
}

const FormatReader ovf_reader{Format::ova, recognise, describe};

}  // namespace imgport
