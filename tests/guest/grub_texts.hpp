// Configurations of GRUB as installed systems have them.
#pragma once

#include <string>

namespace imgport::testing {

inline constexpr const char *root_uuid = "11111111-aaaa-bbbb-cccc-000000000001";

// The shape of what grub-mkconfig writes on Debian.
inline std::string debian_config(const std::string &default_line = "set default=\"0\"")
{
    return "set default_was=unset\n"
           "if [ -s $prefix/grubenv ]; then\n  set have_grubenv=true\n  load_env\nfi\n"
           "if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\nelse\n   " +
           default_line +
           "\nfi\n"
           "if [ x\"${feature_menuentry_id}\" = xy ]; then\n  menuentry_id_option=\"--id\"\nelse\n  "
           "menuentry_id_option=\"\"\nfi\n"
           "export menuentry_id_option\n"
           "function load_video {\n  if [ x$feature_all_video_module = xy ]; then\n    insmod all_video\n  fi\n}\n"
           "menuentry 'Debian GNU/Linux' --class debian --class os $menuentry_id_option 'gnulinux-simple' {\n"
           "\tload_video\n\tinsmod gzio\n"
           "\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n"
           "\tset root='hd0,msdos3'\n"
           "\tif [ x$feature_platform_search_hint = xy ]; then\n"
           "\t  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,msdos3 --hint='hd0,msdos3'  " +
           std::string(root_uuid) +
           "\n"
           "\telse\n\t  search --no-floppy --fs-uuid --set=root " +
           root_uuid +
           "\n\tfi\n"
           "\techo\t'Loading Linux 6.1.0-18-amd64 ...'\n"
           "\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=UUID=" +
           root_uuid +
           " ro  quiet\n"
           "\tinitrd\t/boot/initrd.img-6.1.0-18-amd64\n}\n"
           "submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced' {\n"
           "\tmenuentry 'Debian, with Linux 6.1.0-18' $menuentry_id_option 'adv-18' {\n"
           "\t\tlinux /boot/vmlinuz-6.1.0-18-amd64 root=UUID=x ro\n\t}\n"
           "\tmenuentry 'Debian, with Linux 6.1.0-17' $menuentry_id_option 'adv-17' {\n"
           "\t\tlinux /boot/vmlinuz-6.1.0-17-amd64 root=UUID=x ro\n\t\tinitrd /boot/intel-ucode.img "
           "/boot/initrd.img-6.1.0-17-amd64\n\t}\n"
           "}\n"
           "menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {\n\tfwsetup\n}\n"
           "if [ -f  ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\nfi\n";
}

}  // namespace imgport::testing
