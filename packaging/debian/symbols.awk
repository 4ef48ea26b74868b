# Makes the symbols file of libmshare0 from libmshare.map: the version of the
# package that first had each function.
BEGIN { print "libmshare.so.0 libmshare0\n* Build-Depends-Package: libmshare-dev" }
/^MSHARE_/ { version = $1; first = substr($1, 8); print " " version "@" version " " first }
/^\tmshare_/ { sub(";", "", $1); print " " $1 "@" version " " first }
