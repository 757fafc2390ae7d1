// The page /studio/live.
import '../studio/live-studio';
