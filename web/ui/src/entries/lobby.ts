// The page /.
import '../lobby/live-lobby';
