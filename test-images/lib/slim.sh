# shellcheck shell=bash
# Recipes that are about how a guest lies on its disk and not about what is in it: a smaller tree, so
# that all of them together take no more room and time than they are worth.

# slim_tree TREE: takes out what the guest boots and logs in without. To be called when GRUB and all
# packages are installed.
slim_tree() {
  local tree=$1 version modules
  version=$(kernel_of "$tree") modules=$tree/usr/lib/modules/$version/kernel
  rm -rf "$tree"/usr/lib/grub "$tree"/usr/share/{i18n,perl} "$tree"/usr/lib/udev/hwdb.d "$tree"/usr/lib/file/magic.mgc \
    "$tree"/usr/lib/x86_64-linux-gnu/{perl,gconv} "$tree"/usr/lib/x86_64-linux-gnu/lib{perl,icu}* "$tree"/usr/sbin/xfs_scrub
  find "$tree/usr/lib" -depth -name __pycache__ -exec rm -r {} +
  rm -r "$modules"/drivers/{comedi,hid,infiniband,md,media,net/ethernet,target} "$modules"/fs/{ceph,nfs,nfsd,orangefs,smb} \
    "$modules"/net/{bridge,ceph,dccp,netfilter,openvswitch,rds,sched,sctp,smc,sunrpc,tipc}
  depmod -b "$tree/usr" "$version"
}
