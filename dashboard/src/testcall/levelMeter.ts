/** How loud a track is at this moment. */
export class LevelMeter {
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(audio: AudioContext, track: MediaStreamTrack) {
    this.analyser = audio.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    // Not connected to the loudspeaker: the page's audio element plays it.
    audio.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
  }

  /** Root mean square of the last 1,024 samples, 0 to 1. */
  rms(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    const sum = this.samples.reduce((total, sample) => total + sample * sample, 0);
    return Math.sqrt(sum / this.samples.length);
  }
}
