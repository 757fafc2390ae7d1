import '../console/messages';
import '../console/live-console';
